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
type Arrival = (fd: number, traits: never) => unknown

const arrivals = new Map<string, Arrival>()

/** Has objects of `kind` made by `arrival`. */
export function onArrival(kind: string, arrival: Arrival): void {
  arrivals.set(kind, arrival)
}

let boarded: Passport[] = []
let landed: (number | undefined)[] = []

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

/** Forgets what the encoder has met: it begins anew. */
export function beginAgain(): void {
  if (boarded.length > 0) boarded = []
}

/**
 * Calls `decode` on a message that came with `fds`, which are this process's. Those that the message has no use for are
 * closed.
 */
export function arriving<T>(fds: readonly number[], close: (fd: number) => void, decode: () => T): T {
  const outer = landed
  landed = [...fds]
  try {
    return decode()
  } finally {
    for (const fd of landed) if (fd !== undefined) close(fd)
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
  const fd = landed[number]
  const arrival = arrivals.get(kind)
  if (fd === undefined || !arrival) {
    throw new Error(`the message names a ${String(kind)} whose descriptor did not come with it`)
  }
  const object = arrival(fd, traits)
  landed[number] = undefined
  return object
}
