import type { DecodeError } from '../api/errors.js'
import type * as Python from '../python.js'
import { checkedMessage, type Message } from './messages.js'

/** The opcode that a pickle begins with, from protocol 2 on. */
const PROTO = 0x80

/**
 * The message behind a pickle that can't be decoded, as far as its kind and id: a function of Python's may return an object of
 * any class, which is that call's failure, and no other's. `undefined` where the message can't be told.
 */
export function headOf({ data }: DecodeError): Message | undefined {
  if (data[0] !== PROTO) return undefined
  const { pickle } = require('../python.js') as typeof Python
  try {
    return checkedMessage(pickle({ unknown: 'object' }).decode(data))
  } catch {
    return undefined
  }
}
