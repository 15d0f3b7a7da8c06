import { types } from 'node:util'

import { ARRAY_BUFFER, BUFFER, VIEW, VIEWS } from './format.js'
import type { Step } from './refusal.js'
import type { PartWriter } from './part-writer.js'

const TypedArray = Object.getPrototypeOf(Uint8Array.prototype) as object
const typed = Object.getOwnPropertyDescriptors(TypedArray) as unknown as Getters
const data = Object.getOwnPropertyDescriptors(DataView.prototype) as unknown as Getters
const keys = (TypedArray as Uint8Array).keys

interface Getters {
  readonly [Symbol.toStringTag]: { get(): string }
  readonly buffer: { get(): ArrayBufferLike }
  readonly byteOffset: { get(): number }
  readonly byteLength: { get(): number }
}

const KINDS: ReadonlyMap<string, number> = new Map(VIEWS.map((name, kind) => [name, kind]))

/** Writes a view as the bytes that it shows. */
export function writeView(writer: PartWriter, view: ArrayBufferView, step: Step): void {
  // A class of one's own may have properties of these names.
  const isData = types.isDataView(view)
  const { buffer, byteOffset, byteLength } = isData ? data : typed
  const memory = buffer.get.call(view)
  if (types.isSharedArrayBuffer(memory)) {
    writer.refuse("a view of a SharedArrayBuffer can't be sent: copy it, or use carom's shared memory", step)
  }
  let bytes: Uint8Array
  try {
    // These throw where the view's part of its memory is gone.
    if (!isData) keys.call(view as Uint8Array)
    bytes = new Uint8Array(memory, byteOffset.get.call(view), byteLength.get.call(view))
  } catch {
    writer.refuse("a view of detached or shrunk memory can't be sent", step)
  }
  if (view instanceof Buffer) {
    writer.byte(BUFFER)
  } else {
    const kind = KINDS.get(isData ? 'DataView' : typed[Symbol.toStringTag].get.call(view))
    if (kind === undefined) writer.refuse("a typed array of this kind can't be sent", step)
    writer.byte(VIEW)
    writer.byte(kind)
  }
  writer.blob(bytes)
}

/** Writes an `ArrayBuffer` with its present length. */
export function writeBuffer(writer: PartWriter, buffer: ArrayBufferLike, step: Step): void {
  let bytes: Uint8Array
  try {
    bytes = new Uint8Array(buffer)
  } catch {
    writer.refuse("a detached ArrayBuffer can't be sent", step)
  }
  writer.byte(ARRAY_BUFFER)
  writer.blob(bytes)
}
