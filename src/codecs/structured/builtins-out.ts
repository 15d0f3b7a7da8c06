import { types } from 'node:util'

import { withArticle } from '../article.js'
import { kindBehindProxy } from '../proxies.js'
import { isSegment } from '../../wire/segment.js'
import { isTransferable } from '../../wire/transferable.js'
import { writeMap, writeSet } from './collections-out.js'
import { BOXED, DATE, DOM_EXCEPTION, REG_EXP, URL_TEXT } from './format.js'
import { writeError } from './errors-out.js'
import { writeBuffer } from './memory-out.js'
import { isTooCostly, patternCost, TOO_COSTLY } from './patterns.js'
import type { Step } from './refusal.js'
import { isHref } from './urls.js'
import type { PartWriter } from './part-writer.js'
import { writeProperties } from './plain-out.js'

const toTag = Object.prototype.toString
const { source, flags } = Object.getOwnPropertyDescriptors(RegExp.prototype)

/** Writes an object that is neither an array nor plain, by its internal type, whatever realm or class created it. */
export function writeOther(writer: PartWriter, value: object, step: Step): void {
  const tag = toTag.call(value).slice(8, -1)
  if (writeOften(writer, value, tag, step)) return
  if (isTransferable(value)) {
    writer.transferable(value, step)
    return
  }
  if (isSegment(value)) {
    writer.segment(value, step)
    return
  }
  if (tag !== 'Object' && writeBranded(writer, value, tag, step)) return
  const names = Object.keys(value)
  // An object that is more than its properties has, as a rule, none, or says what it is.
  if (tag !== 'Object' || names.length === 0) {
    if (tag === 'Object' && writeBranded(writer, value, tag, step)) return
    assertOrdinary(writer, value, tag, step)
  }
  const hidden = kindBehindProxy(value)
  if (hidden) writer.refuse(`a proxy of ${withArticle(hidden)} can't be sent`, step)
  assertNoStream(writer, value, step)
  writeProperties(writer, value, names, step)
}

/** Writes an object of one of the commonest kinds, which identify themselves; returns whether it was one. */
function writeOften(writer: PartWriter, value: object, tag: string, step: Step): boolean {
  if (tag === 'Map' && types.isMap(value)) writeMap(writer, value, step)
  else if (tag === 'Set' && types.isSet(value)) writeSet(writer, value, step)
  else if (tag === 'Date' && types.isDate(value)) writeDate(writer, value)
  else return false
  return true
}

/** Writes an instance of a class of the language or the platform; returns whether it was one. */
function writeBranded(writer: PartWriter, value: object, tag: string, step: Step): boolean {
  // In newer Node.js one is an error, too.
  if (tag === 'DOMException') writeDomException(writer, value as DOMException)
  else if (types.isMap(value)) writeMap(writer, value, step)
  else if (types.isSet(value)) writeSet(writer, value, step)
  else if (types.isDate(value)) writeDate(writer, value)
  else if (types.isNativeError(value)) writeError(writer, value, step)
  else if (types.isRegExp(value)) {
    writeRegExp(writer, value, step)
  } else if (types.isArrayBuffer(value)) writeBuffer(writer, value, step)
  else if (types.isBoxedPrimitive(value)) writeBoxed(writer, value, step)
  else if (tag === 'URL') {
    writeUrl(writer, value as URL, step)
  } else return false
  return true
}

/** Throws if an object has state beyond its properties. */
function assertOrdinary(writer: PartWriter, value: object, tag: string, step: Step): void {
  if (types.isSharedArrayBuffer(value)) {
    writer.refuse("a SharedArrayBuffer can't be sent: copy it, or use carom's shared memory", step)
  }
  if (types.isPromise(value)) writer.refuse("a Promise can't be sent: await it first", step)
  if (types.isWeakMap(value) || types.isWeakSet(value)) {
    writer.refuse(`a ${types.isWeakMap(value) ? 'WeakMap' : 'WeakSet'} can't be sent`, step)
  }
  if (types.isGeneratorObject(value)) writer.refuse("a generator can't be sent: send what it yields", step)
  // Deno has neither such objects nor this check.
  if ((types.isExternal as typeof types.isExternal | undefined)?.(value))
    writer.refuse("an object of native code can't be sent", step)
  if (types.isModuleNamespaceObject(value)) writer.refuse("a module can't be sent", step)
  if (types.isArgumentsObject(value)) writer.refuse("a function's arguments can't be sent: spread them", step)
  if (tag !== 'Object') {
    const name = tag.length > 40 ? `${tag.slice(0, 40)}…` : tag
    const built = ['Map', 'Set', 'Date', 'Error', 'RegExp', 'ArrayBuffer'].includes(tag)
    const what = built ? `what says that it is a ${name} and is none` : withArticle(name)
    writer.refuse(`${what} can't be sent`, step)
  }
}

function assertNoStream(writer: PartWriter, value: object, step: Step): void {
  const { pipe, on } = value as { pipe?: unknown; on?: unknown }
  if (typeof pipe !== 'function' || typeof on !== 'function' || Object.hasOwn(value, 'pipe')) return
  writer.refuse("a stream can't be sent: send what it reads", step)
}

function writeRegExp(writer: PartWriter, value: RegExp, step: Step): void {
  const pattern = source!.get!.call(value) as string
  const modes = flags!.get!.call(value) as string
  writer.patternCost = patternCost(writer.patternCost, pattern, modes)
  if (isTooCostly(writer.patternCost)) writer.refuse(TOO_COSTLY, step)
  writer.byte(REG_EXP)
  writer.text(pattern)
  writer.text(modes)
}

function writeUrl(writer: PartWriter, url: URL, step: Step): void {
  const href = String(url.href)
  if (!isHref(href)) writer.refuse("a URL with a host of more than 8,192 characters can't be sent", step)
  writer.byte(URL_TEXT)
  writer.text(href)
}

function writeDate(writer: PartWriter, date: Date): void {
  writer.byte(DATE)
  writer.float64(Date.prototype.getTime.call(date))
}

function writeBoxed(writer: PartWriter, value: object, step: Step): void {
  if (types.isSymbolObject(value)) writer.refuse("a symbol can't be sent", step)
  const { prototype } = types.isNumberObject(value)
    ? Number
    : types.isStringObject(value)
      ? String
      : types.isBooleanObject(value)
        ? Boolean
        : BigInt
  writer.byte(BOXED)
  writer.write((prototype.valueOf as () => unknown).call(value), step)
}

function writeDomException(writer: PartWriter, { name, message, stack }: DOMException): void {
  writer.byte(DOM_EXCEPTION)
  writer.text(String(name))
  writer.text(String(message))
  writer.write(typeof stack === 'string' ? stack : undefined, '')
}
