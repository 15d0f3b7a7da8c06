/** The key under which an object that can go to another process says how. */
export const transfer: unique symbol = Symbol('carom.transfer')

/** An object that a message, or a new process, can take along: a connection, a listener, or a `Handle`. */
export interface Transferable {
  /** @internal */
  readonly [transfer]: Transfer
}

/** How an object goes to another process: as its descriptor, and as a description from which the same object is made there. */
export interface Transfer {
  /** The kind of object that is made of the descriptor. */
  readonly kind: string
  /** The descriptor. It remains the object's. Throws where the object can't be transferred as it is now. */
  readonly fd: number
  /**
   * The facts that the other process needs beside the descriptor, as JSON has them. Throws where the object can't be transferred as it
   * is now, or not in a message of the codec `carrier`. Without a carrier, the options go along: for a process that this one starts.
   */
  describe(carrier: string | undefined): object
  /** The memory that it needs beside its descriptor, and that has to go along, if any. */
  readonly memory?: TransferredMemory | undefined
  /** Called when the other process has, or will have, a descriptor of its own: a connection closes its end. */
  handOver(): void
}

/** Memory that an object shares with a peer. */
export interface TransferredMemory {
  /** Its descriptor, which stays the object's. */
  readonly fd: number
  /** Whether the object is at the second of its two sides. */
  readonly second: boolean
}

/** The objects in a value that go beside its message, in the order of their numbers in it, and where the value has them. */
export class TransferList {
  readonly objects: Transferable[] = []
  /** For each object its place in the value, such as `log.file`; empty for the value itself. */
  readonly places: string[] = []
  /** The place of shared memory, which goes as a name that no other machine knows. */
  segment: string | undefined

  get length(): number {
    return this.objects.length
  }

  /** Appends an object; returns its number. */
  add(object: Transferable, place: string): number {
    this.places.push(place)
    return this.objects.push(object) - 1
  }

  /** Where the shared memory is, for a refusal of it. */
  placeOfSegment(): string | undefined {
    return this.segment
  }

  /** Takes back all but the first `length` objects. */
  truncate(length: number): void {
    this.objects.length = length
    this.places.length = length
  }
}

/** The memory as an object of its own, beside the one that it belongs to, which hands it over. */
function beside({ fd }: TransferredMemory): Transferable {
  return { [transfer]: { kind: 'memory', fd, describe: () => ({}), handOver() {} } }
}

export function isTransferable(value: unknown): value is Transferable {
  return typeof value === 'object' && value !== null && transfer in value
}

/**
 * For a codec: appends `object`, which the value has at `place`, to `transferList`, and returns the bytes to write instead of it.
 * `Arrived.make` makes the object again of these bytes. `carrier`: see `Transfer.describe`.
 */
export function describe(
  object: Transferable,
  place: string,
  transferList: TransferList,
  carrier: string | undefined,
): Uint8Array {
  const { [transfer]: how } = object
  const { memory } = how
  const traits = {
    ...how.describe(carrier),
    ...(memory && { memory: transferList.add(beside(memory), place), second: memory.second }),
  }
  return Buffer.from(JSON.stringify([transferList.add(object, place), how.kind, traits], finite))
}

/** JSON has no Infinity, which means no limit. */
function finite(_key: string, value: unknown): unknown {
  return value === Infinity ? Number.MAX_SAFE_INTEGER : value
}

let excluded = false

/** Calls `stringify`, in which no object may be that can go to another process: JSON has no place for it. */
export function withoutTransferables<T>(stringify: () => T): T {
  const outer = excluded
  excluded = true
  try {
    return stringify()
  } finally {
    excluded = outer
  }
}

/** Such an object in JSON: for a log its `state`, and in a message nothing. */
export function inJson<T>(what: string, state: T): T {
  if (excluded)
    throw new TypeError(`a ${what} can't go in a message of the codec 'json': use 'structured' at both ends`)
  return state
}
