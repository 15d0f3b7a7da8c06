import { readSync } from 'node:fs'
import test from 'ava'
import type { Connection } from 'carom'
import * as fc from 'fast-check'
import { startChild } from './children.ts'
import { checkDescriptors } from './descriptors.ts'
import { pair, pairWithRawEnd } from './pairs.ts'
import { turns } from './until.ts'
import { frame, longHeader, patterned, writeAll } from './wire.ts'

checkDescriptors(test)

const MiB = 1024 * 1024

const sizes = fc.oneof(
  { weight: 60, arbitrary: fc.integer({ min: 0, max: 300 }) },
  { weight: 20, arbitrary: fc.integer({ min: 0, max: 80_000 }) },
  { weight: 15, arbitrary: fc.constantFrom(0, 1, 16_383, 16_384, 16_385, 65_531, 65_532, 65_535, 65_536, 65_537) },
  { weight: 4, arbitrary: fc.integer({ min: 0, max: MiB }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 16 * MiB }) },
)

const sends = {
  send: (end: Connection, message: Buffer) => end.sendBytes(message),
  sendSync: async (end: Connection, message: Buffer) => end.sendBytesSync(message),
}

const receives = {
  recv: (end: Connection) => end.recvBytes(),
  recvSync: async (end: Connection) => {
    await end.flush()
    return end.recvBytesSync()
  },
  tryRecv: async (end: Connection) => {
    await end.poll(Infinity)
    return end.tryRecvBytes()
  },
  recvInto: async (end: Connection, length: number) => {
    const target = Buffer.alloc(length)
    return target.subarray(0, await end.recvBytesInto(target))
  },
  iterate: async (end: Connection) => {
    for await (const message of end.bytes()) return message
    return undefined
  },
}

const keys = <T extends object>(object: T): (keyof T)[] => Object.keys(object) as (keyof T)[]

for (const mode of ['sync', 'async']) {
  test.serial(
    `any messages, sent and received in any way, come back from a ${mode} child equal and in order`,
    async (t) => {
      const [near, far] = pair(t)
      startChild(t, 'echo.ts', { ends: [far], args: [mode] })
      const message = fc.record({
        size: sizes,
        send: fc.constantFrom(...keys(sends)),
        receive: fc.constantFrom(...keys(receives)),
      })
      await fc.assert(
        fc.asyncProperty(fc.array(message, { maxLength: 30 }), async (messages) => {
          for (const [n, { size, send, receive }] of messages.entries()) {
            const sent = patterned(size, n)
            const sending = sends[send](near, sent)
            const received = await receives[receive](near, size)
            await sending
            if (!received?.equals(sent)) return false
          }
          return true
        }),
        { numRuns: 30 },
      )
      t.pass()
    },
  )

  test.serial(`any messages sent in one go come back from a ${mode} child equal and in order`, async (t) => {
    const [near, far] = pair(t)
    startChild(t, 'echo.ts', { ends: [far], args: [mode] })
    await fc.assert(
      fc.asyncProperty(fc.array(sizes, { maxLength: 60 }), async (lengths) => {
        const sent = lengths.map((size, n) => patterned(size, n))
        const sending = Promise.all(sent.map((message) => near.sendBytes(message)))
        for (const message of sent) if (!message.equals(await near.recvBytes())) return false
        await sending
        return true
      }),
      { numRuns: 30 },
    )
    t.pass()
  })
}

/** Messages as a byte stream, in either form of the length, and the places at which it is cut. */
const stream = fc.record({
  messages: fc.array(fc.record({ size: fc.integer({ min: 0, max: 1500 }), long: fc.boolean() }), { maxLength: 20 }),
  cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 25 }),
})

function cutUp({
  messages,
  cuts,
}: {
  messages: { size: number; long: boolean }[]
  cuts: number[]
}): [Buffer[], Buffer[]] {
  const bodies = messages.map(({ size }, n) => patterned(size, n))
  const frames = bodies.map((body, n) =>
    messages[n]?.long ? Buffer.concat([longHeader(BigInt(body.length)), body]) : frame(body),
  )
  const bytes = Buffer.concat(frames)
  const places = [0, ...cuts.map((cut) => Math.floor(cut * bytes.length)).toSorted((a, b) => a - b), bytes.length]
  return [bodies, places.slice(1).map((end, n) => bytes.subarray(places[n], end))]
}

const equal = (a: (Buffer | undefined)[], b: Buffer[]): boolean =>
  a.length === b.length && b.every((message, n) => a[n]?.equals(message))

test('a byte stream cut anywhere arrives as the same messages, for receives that wait', async (t) => {
  const { connection, fd } = pairWithRawEnd(t)
  await fc.assert(
    fc.asyncProperty(stream, async (input) => {
      const [bodies, chunks] = cutUp(input)
      const receiving = Promise.all(bodies.map(() => connection.recvBytes()))
      for (const chunk of chunks) {
        writeAll(fd, chunk)
        await turns(1)
      }
      return equal(await receiving, bodies)
    }),
    { numRuns: 150 },
  )
  t.pass()
})

test('a byte stream cut anywhere arrives as the same messages, for tryRecvBytes', async (t) => {
  const { connection, fd } = pairWithRawEnd(t)
  // The messages that are here already, as far as this turn of the event loop may read.
  const take = (received: Buffer[]): void => {
    for (let message; (message = connection.tryRecvBytes()) !== undefined;) received.push(message)
  }
  await fc.assert(
    fc.asyncProperty(stream, async (input) => {
      const [bodies, chunks] = cutUp(input)
      const received: Buffer[] = []
      for (const chunk of chunks) {
        writeAll(fd, chunk)
        take(received)
      }
      while (received.length < bodies.length) {
        await turns(1)
        take(received)
      }
      return equal(received, bodies) && connection.tryRecvBytes() === undefined
    }),
    { numRuns: 150 },
  )
  t.pass()
})

test('a connection sends exactly the frames of its messages, however the peer reads them', async (t) => {
  const { connection, fd } = pairWithRawEnd(t)
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 1500 }), { maxLength: 20 }),
      fc.integer({ min: 1, max: 3000 }),
      async (lengths, step) => {
        const bodies = lengths.map((size, n) => patterned(size, n))
        for (const [n, body] of bodies.entries()) {
          if (n % 3 === 0) connection.sendBytesSync(body)
          else void connection.sendBytes(body)
        }
        await connection.flush()
        const expected = Buffer.concat(bodies.map((body) => frame(body)))
        const read = Buffer.alloc(expected.length)
        for (let filled = 0; filled < read.length;) {
          filled += readSync(fd, read, filled, Math.min(step, read.length - filled), null)
        }
        return read.equals(expected)
      },
    ),
    { numRuns: 150 },
  )
  t.pass()
})
