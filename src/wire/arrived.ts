/** Makes an object of a descriptor that this process owns, from its description. */
type Maker = (fd: number, traits: never, carrier: never) => Owner

/** An object that owns its descriptor. */
interface Owner {
  close(): unknown
}

const makers = new Map<string, Maker>()

/** Has objects of `kind` made by `maker`. */
export function onArrival(kind: string, maker: Maker): void {
  makers.set(kind, maker)
}

/** The descriptors that came with one message, and the objects that are made of them. */
export class Arrived {
  readonly #owners: (number | Owner)[]
  readonly #close: (fd: number) => void
  readonly #carrier: object | undefined

  /**
   * `fds` are this process's, closed by `close`. `carrier` has the settings of the connection that they came by, which those
   * of a new connection are; without one, the descriptions have settings of their own.
   */
  constructor(fds: readonly number[], close: (fd: number) => void, carrier?: object) {
    this.#owners = [...fds]
    this.#close = close
    this.#carrier = carrier
  }

  /** For a codec: makes the object in whose place `bytes` were written, once. */
  make(bytes: Uint8Array): unknown {
    const [number, kind, traits] = JSON.parse(Buffer.from(bytes).toString()) as [number, string, never]
    const fd = Number.isInteger(number) ? this.#owners[number] : undefined
    const maker = makers.get(kind)
    if (typeof fd !== 'number' || !maker) throw notHere(kind)
    const object = maker(fd, traits, this.#carrier as never)
    this.#owners[number] = object
    return object
  }

  /** Closes the descriptors of which nothing was made and, unless the message was `decoded`, all objects. */
  finish(decoded: boolean): void {
    for (const each of this.#owners.splice(0)) {
      if (typeof each === 'number') this.#close(each)
      else if (!decoded) void each.close()
    }
  }
}

/** For a codec: the object in whose place `bytes` were written, where there may be no descriptors. */
export function make(arrived: Arrived | undefined, bytes: Uint8Array): unknown {
  if (arrived) return arrived.make(bytes)
  const [, kind] = JSON.parse(Buffer.from(bytes).toString()) as [number, string]
  throw notHere(kind)
}

function notHere(kind: string): Error {
  return new Error(
    `the message names a ${kind} whose descriptor is not here: this end may have been made with descriptors: false, or have no more free`,
  )
}
