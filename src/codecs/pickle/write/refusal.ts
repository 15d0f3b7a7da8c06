import { types } from 'node:util'

import { isTransferable } from '../../../wire/transferable.js'
import { withArticle } from '../../article.js'
import { kindBehindProxy } from '../../proxies.js'
import { tagOf } from '../../views.js'

/** Values that can't be sent, and the reasons. */
export function noForm(what: string, advice = 'it has no form in Python'): TypeError {
  return new TypeError(`${what} can't be sent: ${advice}`)
}

const ADVICE: Readonly<Record<string, string>> = {
  RegExp: 'its syntax is not that of Python, which a PythonPattern has',
  Promise: 'await it first',
  URL: 'send its href',
}

const { toString } = Object.prototype

/** Throws where an object is more, or less, than its own properties. */
export function assertPlainEnough(value: object): void {
  if (isTransferable(value)) {
    throw noForm(
      withArticle(classOf(value)),
      'a pickle takes no descriptors along; the arguments of a Process may have it',
    )
  }
  assertTag(value)
  // Kinds that are known by their internal slots, whatever they say of themselves.
  if (types.isPromise(value)) throw noForm('a Promise', ADVICE['Promise'])
  if (types.isWeakMap(value) || types.isWeakSet(value))
    throw noForm(`a ${types.isWeakMap(value) ? 'WeakMap' : 'WeakSet'}`)
  if (types.isGeneratorObject(value)) throw noForm('a generator', 'send what it yields')
  // Deno has no such objects, and no such question.
  if ((types.isExternal as typeof types.isExternal | undefined)?.(value)) throw noForm('an object of native code')
  const hidden = kindBehindProxy(value)
  if (hidden) throw noForm(`a proxy of ${withArticle(hidden)}`, 'only one of an object or an array is read through')
}

/** Throws where an object says that it is of a kind that is not in the table. */
export function assertTag(value: object): void {
  const tag = toString.call(value).slice(8, -1)
  if (tag !== 'Object')
    throw noForm(withArticle(tag.slice(0, 40)), Object.hasOwn(ADVICE, tag) ? ADVICE[tag] : undefined)
}

function classOf(value: object): string {
  const type: unknown = Object.getPrototypeOf(value)?.constructor
  return typeof type === 'function' ? type.name : 'object'
}

/** Values that Python can't have as the key of a dict or the member of a set. */
export function unhashable(value: object): TypeError {
  const kind = ArrayBuffer.isView(value)
    ? 'shape' in value
      ? 'a numpy array'
      : withArticle(tagOf(value) ?? 'DataView')
    : types.isMap(value)
      ? 'a Map'
      : 'an object'
  return new TypeError(`${kind} can't be the key of a dict or the member of a set in Python`)
}
