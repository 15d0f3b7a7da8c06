import { type Address, shown } from '../api/address.js'
import { PythonObject } from '../codecs/pickle/types/object.js'
import { PythonTuple } from '../codecs/pickle/types/tuple.js'
import { malformed, MODULE } from './messages.js'

/** A reference to a served object: its type, its id, and its server's address. */
export class Token {
  readonly typeid: string
  readonly address: Address
  readonly id: string

  constructor(typeid: string, address: Address, id: string) {
    this.typeid = typeid
    this.address = address
    this.id = id
  }

  /** The object that Python reads as its `Token`. */
  toPython(): PythonObject {
    const address =
      typeof this.address === 'string' ? this.address : PythonTuple.of<unknown>(this.address.host, this.address.port)
    return new PythonObject(MODULE, 'Token', [this.typeid, address, this.id])
  }
}

/** A token as Python pickles it: made without a call, and given a tuple. Or as `toPython` writes it: called with the same three. */
export function readToken(args: unknown[], state: unknown): Token {
  const parts = Array.isArray(state) ? (state as unknown[]) : args
  const [typeid, address, id] = parts
  if (parts.length !== 3 || typeof typeid !== 'string' || typeof id !== 'string')
    throw malformed('it has an invalid token')
  return new Token(typeid, readAddress(address), id)
}

function readAddress(value: unknown): Address {
  if (typeof value === 'string') return value
  // A name in Linux's abstract namespace.
  if (value instanceof Uint8Array) return Buffer.from(value).toString()
  if (Array.isArray(value)) {
    const [host, port] = value as unknown[]
    if (typeof host === 'string' && Number.isInteger(port)) return { host, port: port as number }
  }
  throw malformed('it has a token with an invalid address')
}

export function isSameAddress(a: Address, b: Address): boolean {
  return typeof a === typeof b && shown(a) === shown(b)
}
