import { outOfRange } from '../api/arguments.js'
import { ConnectionClosedError, EncodeError, SystemError } from '../api/errors.js'
import { atPlace, PlacedError } from '../codecs/path.js'
import { DESCRIPTORS_MAX, duplicate } from '../native/binding.js'
import { closeDescriptor } from '../native/numbers.js'
import { checked, refusedDescriptors } from '../native/status.js'
import { MARK, marked } from '../wire/descriptor-mark.js'
import { HEADER, MAX_SHORT, writeHeader } from '../wire/frame.js'
import { transfer, type TransferList } from '../wire/transferable.js'

/** carom's own duplicates of descriptors that are being sent. They are closed once sent, or once they can't be. */
export class Transferring {
  readonly fds: number[]
  /** Where the value has the first object that they are of. */
  readonly place: string | undefined
  error: Error | undefined
  #left = false
  #resolve: (() => void) | undefined
  #reject: ((error: Error) => void) | undefined

  /** `fds` are carom's from now on. */
  constructor(fds: readonly number[], place?: string) {
    this.fds = [...fds]
    this.place = place
  }

  /** Whether they are still here. */
  get waits(): boolean {
    return !this.#left && !this.error
  }

  /** They have been sent, or can't be because of `error`. */
  end(error?: Error): void {
    for (const fd of this.fds.splice(0)) closeDescriptor(fd)
    this.#left = !error
    this.error = error
    if (error) this.#reject?.(error)
    else this.#resolve?.()
  }

  /** The peer takes none. */
  refuse(): void {
    this.end(placed(refusedDescriptors(), this.place))
  }

  /** Resolves when they have left. */
  async ended(): Promise<void> {
    if (this.error) throw this.error
    if (this.#left) return
    await new Promise<void>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }
}

/** Descriptors of the same open files as those of the objects in `list`, which are the caller's. */
export function duplicateAll({ objects, places }: TransferList): number[] {
  const fds: number[] = []
  try {
    // A getter in the message may have closed an object meanwhile, so that it has no descriptor any more.
    for (const each of objects) {
      const { fd } = each[transfer]
      fds.push(checked(() => duplicate(fd)))
    }
    return fds
  } catch (error) {
    const place = places[fds.length]
    for (const fd of fds) closeDescriptor(fd)
    throw placed(error, place)
  }
}

/** `error`, of an object that is at `place` in the value. */
function placed(error: unknown, place: string | undefined): Error {
  if (error instanceof SystemError) {
    const { message, code, errno, syscall } = error
    return new SystemError(atPlace(place, message), code, errno, syscall)
  }
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof ConnectionClosedError)
    return new ConnectionClosedError(atPlace(place, message), { cause: error.cause })
  return new EncodeError(new PlacedError(atPlace(place, message), { cause: error }))
}

/** The frame of the message `bytes[start..end]`, marked as one with `count` descriptors. */
export function frameWithDescriptors(bytes: Uint8Array, start: number, end: number, count: number): Buffer {
  if (count > DESCRIPTORS_MAX) {
    throw outOfRange('the number of connections in a message', `at most ${DESCRIPTORS_MAX}`, count)
  }
  if (end - start > MAX_SHORT - MARK) {
    throw outOfRange('the size of a message with connections', `at most ${MAX_SHORT - MARK}`, end - start)
  }
  const frame = marked(bytes, start, end, count, HEADER)
  writeHeader(frame, 0, frame.length - HEADER)
  return frame
}
