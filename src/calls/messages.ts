import { ProtocolError } from '../api/errors.js'

/**
 * The messages of calls, as arrays of plain values: `docs/calls.md` has them for other languages. An id is the number that the
 * caller gave to its call.
 */
export const CALL = 0
export const RESULT = 1
export const ERROR = 2
/** The call's result is a stream, which begins when the caller gives it credit. */
export const STREAM = 3
export const ITEM = 4
export const END = 5
/** The caller has given the call up, or has left the loop over its stream early. */
export const ABORT = 6
/** The caller accepts that many more items. */
export const CREDIT = 7

/** `[CALL, id, name, args]`, followed by the keyword arguments if there are any. */
export type Message = readonly [kind: number, id: number, ...rest: unknown[]]

export type KeywordArguments = Readonly<Record<string, unknown>>

/** Returns a received value if it is a call message. The items after the id are checked where they are read. */
export function checkedMessage(value: unknown): Message {
  if (!Array.isArray(value)) throw malformed('it is no array')
  const [kind, id] = value as unknown[]
  if (!Number.isInteger(kind) || (kind as number) < CALL || (kind as number) > CREDIT) {
    throw malformed('its first item is no kind of message')
  }
  if (!Number.isSafeInteger(id) || (id as number) < 0) throw malformed('its second item is no id of a call')
  return value as unknown as Message
}

/** The name and the arguments of a call. */
export function checkedCall(message: Message): { name: string; args: unknown[]; kwargs: KeywordArguments | undefined } {
  const [, , name, args, kwargs] = message
  if (typeof name !== 'string') throw malformed('the name of the function is no text')
  if (!Array.isArray(args)) throw malformed('the arguments are no array')
  if (kwargs === undefined || kwargs === null) return { name, args, kwargs: undefined }
  if (typeof kwargs !== 'object' || Array.isArray(kwargs)) throw malformed('the arguments by name are no object')
  return { name, args, kwargs: Object.keys(kwargs).length > 0 ? (kwargs as KeywordArguments) : undefined }
}

/** How many more items a caller accepts. */
export function checkedCredit([, , count]: Message): number {
  if (!Number.isSafeInteger(count) || (count as number) < 1) throw malformed('the credit is no positive number')
  return count as number
}

export function malformed(why: string): ProtocolError {
  return new ProtocolError(`malformed call message: ${why}; does the peer speak carom/calls?`)
}
