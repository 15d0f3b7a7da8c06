/** The messages between a parent and the child that it starts. */

/** The child's descriptor on which the parent tells what to run, and learns how the start went. */
export const CONTROL = 3

/** A daemon's next descriptor, on which nothing is ever sent: its end is the end of the parent. */
const LIFELINE = 4

/** The codec of the arguments. */
export const ARGUMENTS = 'structured'

/** The work of a child. The arguments follow as a message of their own. */
export interface Start {
  /** The module's URL; a path for Python. */
  module: string
  /** The function to call; `undefined` where its functions are served instead, over the first argument. */
  target: string | undefined
  /** How functions are served. */
  serve?: { threads?: number | undefined } | undefined
  name: string
  daemon: boolean
  /** Whether the parent has set the variable of the compile cache. */
  cached: boolean
  /** How many descriptors the arguments have. */
  descriptors: number
}

/** Where a child's descriptors are. */
export interface Places {
  /** A daemon's alone. */
  lifeline: number | undefined
  /** Those of the arguments. */
  descriptors: number[]
}

/** Where the descriptors of the arguments begin. */
export function firstDescriptor(daemon: boolean): number {
  return daemon ? LIFELINE + 1 : LIFELINE
}

export function placesOf({ daemon, descriptors }: Start): Places {
  const first = firstDescriptor(daemon)
  return {
    lifeline: daemon ? LIFELINE : undefined,
    descriptors: Array.from({ length: descriptors }, (_, n) => first + n),
  }
}

export function encodeStart(start: Start): Uint8Array {
  return Buffer.from(JSON.stringify(start))
}

export function decodeStart(bytes: Uint8Array): Start {
  return JSON.parse(Buffer.from(bytes).toString()) as Start
}
