import { PythonText } from './text.js'

/** The classes of `pathlib`. `Path` becomes the receiver's own: a `PosixPath`, or a `WindowsPath`. */
export type PythonPathClass = 'Path' | 'PosixPath' | 'WindowsPath' | 'PurePath' | 'PurePosixPath' | 'PureWindowsPath'

/** One of Python's `pathlib` paths. */
export class PythonPath extends PythonText {
  /** The class in `pathlib`. */
  readonly kind: PythonPathClass

  constructor(text: string, kind: PythonPathClass = 'Path') {
    super(text)
    this.kind = kind
  }
}
