// Measures one codec with one value, and prints what each round took, as JSON.

import v8 from 'node:v8'
import { Packr } from 'msgpackr'

import { Memory } from '../../src/connection/memory.ts'
import { StructuredCoder } from '../../src/codecs/structured/coder.ts'
import type { Figures } from './figures.ts'
import { values } from './values.ts'

/** For about how long, in nanoseconds, each round encodes, and then decodes. */
const ROUND = 15e6

/**
 * For how long, in milliseconds, the codec encodes and decodes by turns before the first round: by then the engine has
 * compiled all that it will, also what it compiles in the background, or again after a guess that was wrong.
 */
const WARM_UP = 600

interface Rival {
  encode(value: unknown): Buffer
  decode(bytes: Buffer): unknown
}

function structured(): Rival {
  const [here, there] = [new StructuredCoder(), new StructuredCoder()]
  return {
    encode: (value) => {
      const { bytes, start, end } = here.encode(value)
      return bytes.length === end && start === 0 ? (bytes as Buffer) : (bytes.subarray(start, end) as Buffer)
    },
    decode: (bytes) => there.decode(new Memory(bytes), 0, bytes.length),
  }
}

/** `useRecords`: its own extension, in which the names of an object's properties are there once. Else it is plain MessagePack. */
function msgpackr(useRecords: boolean): Rival {
  const packr = new Packr({
    structuredClone: true,
    moreTypes: true,
    useRecords,
    ...(!useRecords && { mapsAsObjects: true }),
  })
  return { encode: (value) => packr.pack(value), decode: (bytes) => packr.unpack(bytes) as unknown }
}

const rivals: Record<string, () => Rival> = {
  structured,
  msgpackr: () => msgpackr(true),
  'msgpackr, maps': () => msgpackr(false),
  JSON: () => ({
    encode: (value) => Buffer.from(JSON.stringify(value)),
    decode: (bytes) => JSON.parse(bytes.toString()) as unknown,
  }),
  V8: () => ({ encode: (value) => v8.serialize(value), decode: (bytes) => v8.deserialize(bytes) as unknown }),
}

/** Nanoseconds of a call, when it is called `count` times. */
function time(count: number, call: () => unknown): number {
  const start = process.hrtime.bigint()
  for (let n = 0; n < count; n++) call()
  return Number(process.hrtime.bigint() - start) / count
}

const [name = '', rival = '', rounds = '5'] = process.argv.slice(2)
const value = values[name]
const codec = rivals[rival]!()
// Memory of its own, as a message has that was received.
const bytes = Buffer.from(Uint8Array.from(codec.encode(value)).buffer)
const encode = (): unknown => codec.encode(value)
const decode = (): unknown => codec.decode(bytes)

let [encodes, decodes] = [1, 1]
for (const end = performance.now() + WARM_UP; performance.now() < end;) {
  encodes = Math.ceil(ROUND / time(encodes, encode))
  decodes = Math.ceil(ROUND / time(decodes, decode))
}
const figures: Figures = { size: bytes.length, encode: [], decode: [] }
for (let round = 0; round < Number(rounds); round++) {
  figures.encode.push(time(encodes, encode))
  figures.decode.push(time(decodes, decode))
}
console.log(JSON.stringify(figures))
