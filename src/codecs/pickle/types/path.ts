import { PythonText } from './text.js'

/**
 * The classes of `pathlib`. `Path` becomes the receiver's own: a `PosixPath`, or a `WindowsPath`.
 * See {@link PythonPath}.
 */
export type PythonPathClass = 'Path' | 'PosixPath' | 'WindowsPath' | 'PurePath' | 'PurePosixPath' | 'PureWindowsPath'

/**
 * One of Python's `pathlib` paths.
 *
 * @example
 * ```ts
 * import { pickle, PythonPath } from 'carom/python'
 *
 * const path = pickle().decode(pickle().encode(new PythonPath('/srv/data', 'PurePosixPath'))) as PythonPath
 * console.log(path.kind, `${path}`) // PurePosixPath /srv/data
 * ```
 */
export class PythonPath extends PythonText {
  /** The class in `pathlib`. */
  readonly kind: PythonPathClass

  /** `text`: the path, as Python's `str()` gives it. */
  constructor(text: string, kind: PythonPathClass = 'Path') {
    super(text)
    this.kind = kind
  }
}
