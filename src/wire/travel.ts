/** The key under which what can be handed to another process says how. */
export const travel: unique symbol = Symbol('carom.travel')

/** How an object is handed to another process: as its descriptor, and what there makes the same object of it. */
export interface Passport {
  /** The descriptor, which is still the object's. */
  readonly fd: number
  /** Which arrival makes the object again. */
  readonly kind: string
  /** What it needs for that, as JSON has it. */
  readonly traits: object
  /** The other process has a descriptor of its own: this one is given up, where that is the object's habit. */
  leave(): void
}

/** What can be handed to another process. */
export interface Traveller {
  /** Throws where it can't be handed over as it is now. @internal */
  [travel](): Passport
}

export function isTraveller(value: unknown): value is Traveller {
  return typeof value === 'object' && value !== null && travel in value
}

/** Makes the object again of a descriptor that this process owns. */
type Arrival = (fd: number, traits: never) => Arrived

/** What owns its descriptor. */
interface Arrived {
  close(): unknown
}

const arrivals = new Map<string, Arrival>()

/** Has objects of `kind` made by `arrival`. */
export function onArrival(kind: string, arrival: Arrival): void {
  arrivals.set(kind, arrival)
}

let boarded: Passport[] = []
/** The descriptors that came with the message that is being decoded, and the objects made of them. */
let landed: (number | Arrived)[] = []

/** Calls `encode`; returns the passports of the objects that it met, in the order of their numbers in the message. */
export function departing(encode: () => void): Passport[] {
  boarded = []
  try {
    encode()
    return boarded
  } finally {
    boarded = []
  }
}

/** What the encoder has met since it was last asked; nothing in nearly all messages. */
export function takeBoarded(): Passport[] | undefined {
  if (boarded.length === 0) return undefined
  const passports = boarded
  boarded = []
  return passports
}

/** Forgets what the encoder has met: it begins anew. */
export function beginAgain(): void {
  if (boarded.length > 0) boarded = []
}

/**
 * Calls `decode` on a message that came with `fds`, which are this process's. Those that the message has no use for are
 * closed; where it can't be decoded, all are.
 */
export function arriving<T>(fds: readonly number[], close: (fd: number) => void, decode: () => T): T {
  const outer = landed
  landed = [...fds]
  let decoded = false
  try {
    const value = decode()
    decoded = true
    return value
  } finally {
    for (const each of landed) {
      if (typeof each === 'number') close(each)
      else if (!decoded) void each.close()
    }
    landed = outer
  }
}

/** For the codec: what is written in place of `traveller`. */
export function writeTraveller(traveller: Traveller): Uint8Array {
  const passport = traveller[travel]()
  return Buffer.from(JSON.stringify([boarded.push(passport) - 1, passport.kind, passport.traits], finite))
}

/** JSON has no Infinity, which means no limit. */
function finite(_key: string, value: unknown): unknown {
  return value === Infinity ? Number.MAX_SAFE_INTEGER : value
}

/** For the codec: the object in whose place `bytes` were written. */
export function readTraveller(bytes: Uint8Array): unknown {
  const [number, kind, traits] = JSON.parse(Buffer.from(bytes).toString()) as [number, string, never]
  const fd = Number.isInteger(number) ? landed[number] : undefined
  const arrival = arrivals.get(kind)
  if (typeof fd !== 'number' || !arrival) {
    throw new Error(
      `the message names a ${kind} whose descriptor is not here: this end may have been made with descriptors: false, or have no more free`,
    )
  }
  const object = arrival(fd, traits)
  landed[number] = object
  return object
}

/**
 * Marks a message with descriptors beside it: MessagePack's 32-bit extension of type `D`, around how many there are, and the
 * message itself.
 */
const EXTENSION_32 = 0xc9
const WITH_DESCRIPTORS = 0x44
export const MARK = 7

/** The most descriptors that go with one message: the kernel's limit. */
export const DESCRIPTORS_MAX = 253

/** How many descriptors came with the message `bytes[start..end]`. */
export function descriptorsOf(bytes: Uint8Array, start: number, end: number): number {
  return end - start > MARK && bytes[start] === EXTENSION_32 && bytes[start + 5] === WITH_DESCRIPTORS
    ? bytes[start + 6]!
    : 0
}

/** The message `bytes[start..end]`, marked as one with `count` descriptors, behind room for `before` bytes. */
export function marked(bytes: Uint8Array, start: number, end: number, count: number, before: number): Buffer {
  const message = Buffer.allocUnsafeSlow(before + MARK + end - start)
  message[before] = EXTENSION_32
  message.writeUInt32BE(end - start + 1, before + 1)
  message[before + 5] = WITH_DESCRIPTORS
  message[before + 6] = count
  message.set(bytes.subarray(start, end), before + MARK)
  return message
}
