// Measures each codec with each value, in turns, and prints the time of the median round.

import v8 from 'node:v8'
import { Packr } from 'msgpackr'

import { Memory } from '../../src/connection/memory.ts'
import { StructuredCoder } from '../../src/codecs/structured/coder.ts'
import { values } from './values.ts'

/** Of each round, for each figure. */
const MILLISECONDS = 15

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

function time(call: () => void): number {
  let count = 1
  for (;;) {
    const start = process.hrtime.bigint()
    for (let n = 0; n < count; n++) call()
    const took = Number(process.hrtime.bigint() - start)
    if (took >= MILLISECONDS * 1e6) return took / count
    count = took < 1e5 ? count * 8 : Math.ceil((count * MILLISECONDS * 1.1e6) / took)
  }
}

const median = (figures: number[]): number => figures.toSorted((a, b) => a - b)[figures.length >> 1]!

const [only = '', rounds = '9'] = process.argv.slice(2)
console.log(`\nNode.js ${process.version}: ns to encode + to decode, bytes\n`)
for (const [name, value] of Object.entries(values)) {
  if (!name.includes(only)) continue
  // JSON has no Map, Set or Date, and for a Buffer a list of numbers.
  const entered = Object.entries(rivals).filter(
    ([rival]) => !((rival === 'JSON' && /Map|Buffer/.test(name)) || (rival === 'msgpackr, maps' && /Map/.test(name))),
  )
  const all = entered.map(([rival, make]) => {
    const codec = make()
    // Memory of its own, as a message has that was received.
    const bytes = Buffer.from(Uint8Array.from(codec.encode(value)).buffer)
    return { rival, codec, bytes, encode: [] as number[], decode: [] as number[], sum: [] as number[] }
  })
  // In the first round, which doesn't count, the engine gets to know the value.
  for (let round = -1; round < Number(rounds); round++) {
    for (const { codec, bytes, encode, decode, sum } of all) {
      const [one, other] = [time(() => codec.encode(value)), time(() => codec.decode(bytes))]
      if (round < 0) continue
      encode.push(one)
      decode.push(other)
      sum.push(one + other)
    }
  }
  const own = median(all[0]!.sum)
  for (const { rival, bytes, encode, decode, sum } of all) {
    const figures = `${median(encode).toFixed(0).padStart(9)} + ${median(decode).toFixed(0).padStart(9)} = ${median(sum).toFixed(0).padStart(9)}`
    const ratio = rival === 'structured' ? '' : `   structured takes ${(own / median(sum)).toFixed(2)} of it`
    console.log(`${name.padEnd(30)} ${rival.padEnd(14)} ${figures} ${String(bytes.length).padStart(9)} B${ratio}`)
  }
}
