import type { DecodeError } from '../api/errors.js'
import type * as Python from '../python.js'
import { checkedMessage, type Message } from './messages.js'

/** The opcode that a pickle begins with, from protocol 2 on. */
const PROTO = 0x80

/**
 * Reads the kind and id of a message whose pickle can't be decoded. A Python function may return an object of any class; that
 * should fail its own call and no other. Returns `undefined` if the message can't be identified.
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
