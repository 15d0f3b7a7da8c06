// Reads messages of the codec 'structured' as docs/structured.md says, and no faster than that: what the codec's own reader is
// compared with.

import { KeyHashes } from '../src/codecs/structured/key-hashes.ts'
import { isTooCostly, patternCost } from '../src/codecs/structured/patterns.ts'
import { isHref } from '../src/codecs/structured/urls.ts'

const ABSENT = Symbol('absent')
const VIEWS =
  'DataView Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array Float16Array Float32Array Float64Array BigInt64Array BigUint64Array'.split(
    ' ',
  )
const ERRORS = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, AggregateError]

export function readByReference(bytes: Uint8Array): unknown {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const shapes: string[][] = []
  const objects: object[] = []
  let numbered = false
  let depth = 0
  let cost = 0
  let at = 0

  const fail = (): never => {
    throw new Error('malformed')
  }
  const take = (size: number): number => {
    if (size > bytes.length - at) fail()
    at += size
    return at - size
  }
  const byte = (): number => bytes[take(1)]!
  const count = (): number => {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const next = byte()
      value += (next & 127) * scale
      if (next < 128) return Number.isSafeInteger(value) ? value : fail()
      if (scale > 2 ** 42) fail()
    }
  }
  const part = (size: number): Uint8Array => {
    const from = take(size)
    return Uint8Array.from(bytes.subarray(from, at))
  }
  const units = (size: number, length: number): string => {
    const from = take(size * length)
    let text = ''
    for (let n = 0; n < length; n++)
      text += String.fromCharCode(size === 1 ? bytes[from + n]! : view.getUint16(from + 2 * n, true))
    return text
  }
  const number = <T extends object>(object: T): T => {
    if (numbered) objects.push(object)
    return object
  }
  const inside = <T>(parts: () => T): T => {
    if (++depth > 1000) fail()
    const value = parts()
    depth--
    return value
  }
  const define = (object: object, name: string, value: unknown, enumerable = true): void => {
    if (value !== ABSENT) Object.defineProperty(object, name, { value, enumerable, writable: true, configurable: true })
  }
  const some = (): unknown => {
    const value = read()
    return value === ABSENT ? fail() : value
  }
  const text = (): string => {
    const value = read()
    return typeof value === 'string' ? value : fail()
  }
  const array = (length: number): unknown =>
    inside(() => {
      if (length > bytes.length) fail()
      const list: unknown[] = number([])
      for (let n = 0; n < length; n++) define(list, String(n), read())
      list.length = length
      return list
    })
  const object = (names: string[] | undefined): unknown =>
    inside(() => {
      const made = number({})
      const absent: string[] = []
      for (const name of names ?? fail()) {
        const value = read()
        define(made, name, value)
        if (value === ABSENT) absent.push(name)
        else if (absent.includes(name)) absent.splice(absent.indexOf(name), 1)
      }
      for (const name of absent) delete (made as Record<string, unknown>)[name]
      return made
    })
  const shape = (): string[] => {
    const end = count() + at
    if (end > bytes.length) fail()
    const names: string[] = []
    const length = byte()
    if (length > 64) fail()
    for (let n = 0; n < length; n++) {
      const head = count()
      names.push(units((head % 2) + 1, Math.floor(head / 2)))
      if (at > end) fail()
    }
    if (at !== end) fail()
    shapes.push(names)
    return names
  }
  const numbers = (size: number, get: (at: number) => number): unknown => {
    const length = count()
    const from = take(length * size)
    return number(Array.from({ length }, (_, n) => get(from + n * size)))
  }

  function read(): unknown {
    const kind = byte()
    if (kind < 0x40) return kind
    if (kind < 0x80) return units(1, kind - 0x40)
    if (kind < 0xb0) return object(shapes[kind - 0x80])
    if (kind < 0xc0) return array(kind - 0xb0)
    switch (kind) {
      case 0xc0:
        return null
      case 0xc2:
        return false
      case 0xc3:
        return true
      case 0xc4:
        return undefined
      case 0xc5:
        return ABSENT
      case 0xc6:
        return byte()
      case 0xc7:
        return -1 - byte()
      case 0xc8:
        return view.getInt16(take(2), true)
      case 0xca:
        return view.getInt32(take(4), true)
      case 0xcb:
        return view.getFloat64(take(8), true)
      case 0xcc:
        return view.getBigInt64(take(8), true)
      case 0xcd: {
        const sign = byte()
        const magnitude = part(count())
        if (sign > 1 || magnitude.length === 0) fail()
        const value = BigInt(`0x${Buffer.from(magnitude).toString('hex')}`)
        return sign === 1 ? -value : value
      }
      case 0xce:
        return units(1, count())
      case 0xcf:
        return units(2, count())
      case 0xd0:
        return object(shape())
      case 0xd1:
        return object(shapes[count()])
      case 0xd2: {
        const length = count()
        return inside(() => {
          const made = number({})
          for (let n = 0; n < length; n++) define(made, text(), read())
          return made
        })
      }
      case 0xd3:
        return array(count())
      case 0xd4: {
        const length = count()
        const present = count()
        return inside(() => {
          if (length >= 2 ** 32) fail()
          const list: unknown[] = number([])
          list[2 ** 32 - 2] = 0
          list.length = length
          for (let n = 0, next = 0; n < present; n++, next++) {
            next += count()
            if (next >= length) fail()
            define(list, String(next), read())
          }
          return list
        })
      }
      case 0xd5:
        return numbers(1, (from) => view.getInt8(from))
      case 0xd6:
        return numbers(2, (from) => view.getInt16(from, true))
      case 0xd7:
        return numbers(4, (from) => view.getInt32(from, true))
      case 0xd8:
        return numbers(8, (from) => view.getFloat64(from, true))
      case 0xd9: {
        const next = bytes[at] ?? fail()
        if (!((next >= 0xb0 && next < 0xc0) || (next >= 0xd3 && next < 0xd9))) fail()
        const list = read() as unknown[]
        const size = count()
        return inside(() => {
          for (let n = 0; n < size; n++) {
            const name = text()
            if (name === 'length' || (/^(?:0|[1-9]\d*)$/.test(name) && Number(name) < 2 ** 32 - 1)) fail()
            define(list, name, read())
          }
          return list
        })
      }
      case 0xda: {
        const size = count()
        return inside(() => {
          const map = number(new Map<unknown, unknown>())
          if (size > bytes.length) fail()
          const hashes = new KeyHashes(size)
          for (let n = 0; n < size; n++) {
            const key = some()
            if (hashes.add(key)) fail()
            map.set(key, some())
          }
          return map
        })
      }
      case 0xdb: {
        const size = count()
        return inside(() => {
          const set = number(new Set<unknown>())
          if (size > bytes.length) fail()
          const hashes = new KeyHashes(size)
          for (let n = 0; n < size; n++) {
            const value = some()
            if (hashes.add(value)) fail()
            set.add(value)
          }
          return set
        })
      }
      case 0xdc:
        return number(new Date(view.getFloat64(take(8), true)))
      case 0xdd: {
        const [source, flags] = [text(), text()]
        cost = patternCost(cost, source, flags)
        return isTooCostly(cost) ? fail() : number(new RegExp(source, flags))
      }
      case 0xde:
        return number(part(count()).buffer)
      case 0xdf:
        return number(Buffer.from(part(count()).buffer))
      case 0xe0: {
        const type =
          (globalThis as unknown as Record<string, new (memory: ArrayBufferLike) => object>)[VIEWS[byte()] ?? fail()] ??
          fail()
        return number(new type(part(count()).buffer))
      }
      case 0xe1:
        return error()
      case 0xe2: {
        const value = some()
        return ['number', 'string', 'boolean', 'bigint'].includes(typeof value)
          ? number(Object(value) as object)
          : fail()
      }
      case 0xe3: {
        const href = text()
        return isHref(href) ? number(new URL(href)) : fail()
      }
      case 0xe4: {
        const [name, message] = [text(), text()]
        const exception = number(new DOMException(message, name))
        const stack = some()
        if (typeof stack === 'string') define(exception, 'stack', stack, false)
        return exception
      }
      case 0xe6:
        return objects[count()] ?? fail()
      default:
        return fail()
    }
  }

  function error(): unknown {
    const type = ERRORS[byte()] ?? fail()
    const has = byte()
    if (has > 63) fail()
    const made = number(type === AggregateError ? new AggregateError([]) : new (type as ErrorConstructor)())
    for (const name of Reflect.ownKeys(made)) delete (made as unknown as Record<string | symbol, unknown>)[name]
    for (const [n, name] of ['name', 'message', 'stack'].entries())
      if (has & (1 << n)) define(made, name, text(), false)
    return inside(() => {
      for (const [n, name] of ['cause', 'errors', 'code'].entries())
        if (has & (8 << n)) define(made, name, some(), false)
      for (let left = count(); left > 0; left--) define(made, text(), some())
      return made
    })
  }

  if (byte() !== 0xc1) fail()
  if (bytes[at] === 0xe7) {
    numbered = true
    at++
  }
  const value = some()
  return at === bytes.length ? value : fail()
}
