import type { ArrivedDescriptor } from '../native/binding.js'

/** How objects of one kind are made of descriptors that this process owns. The descriptor is the object's, unless making it throws. */
export interface Maker {
  /**
   * Of one that came with a message. All that its sender says of it, `description`, is to be checked; `carrier` has the settings of
   * the connection that it came by, which are those of a new connection too. Throws for a descriptor of another kind. `memory` came
   * beside it, and is the object's.
   */
  fromMessage(descriptor: ArrivedDescriptor, description: unknown, carrier: never, memory?: ArrivedMemory): object
  /** Of one that the process which started this one has left to it, with all that it says. */
  fromParent(fd: number, description: never, memory?: ArrivedMemory): object
  /** Closes an object whose message could not be decoded as a whole. It may have come from anybody, so closing it must not wait. */
  discard(object: never): void
}

/** Memory that came with an object which shares it with a peer. */
export class ArrivedMemory {
  readonly second: boolean
  readonly #memory: number
  #taken = false

  constructor(memory: number, second: boolean) {
    this.#memory = memory
    this.second = second
  }

  get taken(): boolean {
    return this.#taken
  }

  /** The descriptor, which is its taker's from now on. */
  take(): number {
    this.#taken = true
    return this.#memory
  }
}

/** Stands for the object that memory has become a part of. */
const PART = { object: {}, maker: { fromMessage: () => PART, fromParent: () => PART, discard() {} } }

const makers = new Map<string, Maker>()

/** Has objects of `kind` made by `maker`. */
export function onArrival(kind: string, maker: Maker): void {
  makers.set(kind, maker)
}

/** A descriptor, and the object that was made of it, once it was. */
interface Place {
  readonly descriptor: ArrivedDescriptor | number
  made: { object: object; maker: Maker } | undefined
}

/**
 * The descriptors that came with one message, and the objects that are made of them. A message names a descriptor by its place
 * among these: whatever it says, it gets no other.
 */
export class Arrived {
  readonly #places: Place[]
  readonly #close: (fds: number[]) => void
  readonly #carrier: object | undefined

  private constructor(
    descriptors: readonly (ArrivedDescriptor | number)[],
    close: (fds: number[]) => void,
    carrier: object | undefined,
  ) {
    this.#places = descriptors.map((descriptor) => ({ descriptor, made: undefined }))
    this.#close = close
    this.#carrier = carrier
  }

  /** Those that a peer sent, which are this process's and closed by `close`. `carrier`: see `Maker.fromMessage`. */
  static withMessage(
    descriptors: readonly ArrivedDescriptor[],
    close: (fds: number[]) => void,
    carrier: object,
  ): Arrived {
    return new Arrived(descriptors, close, carrier)
  }

  /** Those that this process was started with, for its arguments. */
  static withArguments(fds: readonly number[], close: (fds: number[]) => void): Arrived {
    return new Arrived(fds, close, undefined)
  }

  /** For a codec: makes the object in whose place `bytes` were written, once. */
  make(bytes: Uint8Array): unknown {
    const [number, kind, description] = parsed(bytes)
    const place = Number.isInteger(number) ? this.#places[number] : undefined
    const maker = makers.get(kind)
    if (!place || place.made || !maker) throw notHere(kind)
    const { descriptor } = place
    const [memory, memoryPlace] = this.#memory(place, description)
    try {
      const object =
        typeof descriptor === 'number'
          ? maker.fromParent(descriptor, description as never, memory)
          : maker.fromMessage(descriptor, description, this.#carrier as never, memory)
      place.made = { object, maker }
      return object
    } finally {
      if (memoryPlace && memory?.taken) memoryPlace.made = PART
    }
  }

  /** The memory that a description names, which nothing else may have. */
  #memory(object: Place, description: unknown): [ArrivedMemory?, Place?] {
    const { memory: number, second } = (description ?? {}) as { memory?: unknown; second?: unknown }
    if (number === undefined) return []
    const place = Number.isInteger(number) ? this.#places[number as number] : undefined
    if (!place || place === object || place.made) throw notHere('memory')
    const { descriptor } = place
    const fd = typeof descriptor === 'number' ? descriptor : descriptor.fd
    return [new ArrivedMemory(fd, second === true), place]
  }

  /** Closes the descriptors of which nothing was made and, unless the message was `decoded`, all objects. */
  finish(decoded: boolean): void {
    const unused: number[] = []
    for (const { descriptor, made } of this.#places.splice(0)) {
      if (!made) unused.push(typeof descriptor === 'number' ? descriptor : descriptor.fd)
      else if (!decoded) made.maker.discard(made.object as never)
    }
    if (unused.length > 0) this.#close(unused)
  }
}

/** For a codec: the object in whose place `bytes` were written, where there may be no descriptors. */
export function make(arrived: Arrived | undefined, bytes: Uint8Array): unknown {
  if (arrived) return arrived.make(bytes)
  throw notHere(parsed(bytes)[1])
}

function parsed(bytes: Uint8Array): [number, string, unknown] {
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()) as [number, string, unknown]
}

function notHere(kind: string): Error {
  return new Error(
    `the message names a ${kind} whose descriptor is not here: this end was made with descriptors: false, or has no free descriptor left`,
  )
}
