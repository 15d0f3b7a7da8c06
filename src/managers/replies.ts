import { DecodeError } from '../api/errors.js'
import { type PickleOptions, pickleSettings, type PickleSettings } from '../codecs/pickle/options.js'
import { errorOf } from '../codecs/pickle/read/error.js'
import { readPickle } from '../codecs/pickle/read/reader.js'
import { PythonObject } from '../codecs/pickle/types/object.js'
import {
  checkedNames,
  checkedReply,
  ERROR,
  malformed,
  MODULE,
  remoteError,
  RETURN,
  TRACEBACK,
  UNSERIALIZABLE,
} from './messages.js'
import { PROXY_CLASSES, pythonProxy } from './proxy-types.js'
import { MethodCalls } from './method-calls.js'
import { proxyOf, referenceOf } from './proxy.js'
import type { Reference } from './reference.js'
import { readToken, Token } from './token.js'

/** The contents of a reply, and the objects of which proxies are in it: no reference to them is counted yet. */
export interface Reply {
  readonly kind: string
  readonly value: unknown
  readonly arrived: readonly Reference[]
}

/** A proxy that is not taken. */
export class RefusedProxy extends Error {}

/** Makes a reference of a proxy that has arrived, or refuses it. `exposed` is `undefined` where the pickle does not say it. */
export type Accept = (token: Token, exposed: readonly string[] | undefined) => Reference

/** The settings for what is sent to a manager: proxies of ours are written as Python's. */
export function outgoing(given: PickleOptions | undefined): PickleSettings {
  return {
    ...pickleSettings(given),
    standIn(object) {
      const reference = referenceOf(object)
      return reference && pythonProxy(reference.token, reference.exposed)
    },
  }
}

/** Reads replies. What accepts proxies must have them counted before the program has the value. */
export class ReplyReader {
  readonly #settings: PickleSettings
  /** By object, the proxies in the reply that is being read: several of one object are one. */
  #arrived = new Map<string, { reference: Reference; proxy: object }>()

  constructor(given: PickleOptions | undefined, accept: Accept) {
    const settings = pickleSettings({ unknown: 'object', ...given })
    this.#settings = {
      ...settings,
      classes: new Map([
        ...settings.classes,
        ...PROXY_CLASSES,
        [`${MODULE}.Token`, readToken],
        [`${MODULE}.RebuildProxy`, (args: unknown[]) => this.#proxy(args, accept)],
      ]),
    }
  }

  read(bytes: Buffer): Reply {
    const { value: said, arrived } = this.#collecting(() => {
      const [kind, value] = checkedReply(this.#decode(bytes))
      return { kind, value: kind === ERROR ? raised(value) : value }
    })
    return { ...said, arrived }
  }

  /** The value of a pickle that is no reply. */
  decode(bytes: Buffer): { value: unknown; arrived: readonly Reference[] } {
    return this.#collecting(() => this.#decode(bytes))
  }

  /** The result of `decode`, and the references that have arrived in it. A function of the program's may decode another one meanwhile. */
  #collecting<T>(decode: () => T): { value: T; arrived: readonly Reference[] } {
    const outer = this.#arrived
    const arrived: typeof outer = new Map()
    this.#arrived = arrived
    try {
      const value = decode()
      return { value, arrived: [...arrived.values()].map(({ reference }) => reference) }
    } finally {
      this.#arrived = outer
    }
  }

  #proxy(args: unknown[], accept: Accept): object {
    const { token, exposed } = readProxy(args)
    const key = JSON.stringify([token.address, token.id])
    const known = this.#arrived.get(key)
    if (known) return known.proxy
    const reference = accept(token, exposed)
    const proxy = proxyOf(new MethodCalls(reference))
    this.#arrived.set(key, { reference, proxy })
    return proxy
  }

  #decode(bytes: Buffer): unknown {
    try {
      return readPickle(bytes, 0, bytes.length, this.#settings)
    } catch (error) {
      const refused = error instanceof Error && error.cause instanceof RefusedProxy
      throw new DecodeError(bytes, refused ? error.cause : error)
    }
  }
}

/** The exception of a reply: any class can be raised, also one that doesn't look like an exception. */
function raised(value: unknown): unknown {
  return value instanceof PythonObject ? errorOf(value) : value
}

/** The result of a reply that has one; throws what the other kinds say. */
export function resultOf({ kind, value }: Reply): unknown {
  switch (kind) {
    case RETURN:
      return value
    case ERROR:
      throw value
    case TRACEBACK:
    case UNSERIALIZABLE:
      throw remoteError(value)
    default:
      throw malformed(`'${kind.slice(0, 40)}' is no kind of reply`)
  }
}

/** `RebuildProxy(type, token, serializer, kwargs)`. */
function readProxy([, token, serializer, kwargs]: unknown[]): { token: Token; exposed: string[] | undefined } {
  if (!(token instanceof Token)) throw malformed('it has a proxy without a token')
  if (serializer !== 'pickle') throw malformed("it has a proxy for another serializer than 'pickle'")
  const exposed = kwargs instanceof Map ? kwargs.get('exposed') : (kwargs as { exposed?: unknown } | undefined)?.exposed
  return { token, exposed: exposed === undefined || exposed === null ? undefined : checkedNames(exposed) }
}
