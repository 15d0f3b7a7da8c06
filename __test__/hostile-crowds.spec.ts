// Many peers at once that announce messages and never send them, or send them a byte at a time.

import { constants } from 'node:buffer'
import test, { type ExecutionContext } from 'ava'
import { MessageTooLongError, ProtocolError } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { pair, pairWithRawEnd, type PipeOptions } from './pairs.ts'
import { turns } from './until.ts'
import { frame, header, longHeader, patterned, writeAll } from './wire.ts'

checkDescriptors(test)

const MiB = 1024 * 1024
const CROWD = 1000

const CLAIMS: [title: string, claim: Uint8Array, options?: PipeOptions][] = [
  ['2 GiB, in the short form', header(0x7fffffff)],
  ['2 GiB, in the long form', longHeader(0x80000000n)],
  ['the longest message there can be', longHeader(BigInt(constants.MAX_LENGTH))],
  ['exactly maxMessageSize', header(100 * MiB), { maxMessageSize: 100 * MiB }],
  ['as much as is believed at once', header(64 * MiB)],
]

for (const [title, claim, options] of CLAIMS) {
  for (const [beginning, first] of [
    ['nothing', Buffer.alloc(0)],
    ['a little', Buffer.alloc(1000)],
  ] as const) {
    test.serial(`a thousand peers announce ${title}, and send ${beginning}: memory stays flat`, async (t) => {
      const before = process.memoryUsage()
      const crowd = Array.from({ length: CROWD }, () => {
        const { connection, fd, closeRawEnd } = pairWithRawEnd(t, options)
        writeAll(fd, Buffer.concat([claim, first]))
        return { receiving: connection.recvBytes(), closeRawEnd }
      })
      await turns()
      const after = process.memoryUsage()
      t.true(after.rss - before.rss < 256 * MiB, `resident memory: ${before.rss}, then ${after.rss}`)
      t.true(after.arrayBuffers - before.arrayBuffers < 256 * MiB, 'memory of buffers')
      await isServed(t)
      for (const { closeRawEnd } of crowd) closeRawEnd()
      const outcomes = await Promise.allSettled(crowd.map(({ receiving }) => receiving))
      t.true(outcomes.every(({ status }) => status === 'rejected'))
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected' && !(outcome.reason instanceof ProtocolError)) t.fail(String(outcome.reason))
      }
    })
  }
}

for (const [title, claim, options] of [
  ['maxMessageSize', header(MiB + 1), { maxMessageSize: MiB }],
  ['the longest message there can be', longHeader(BigInt(constants.MAX_LENGTH) + 1n)],
  ['any length', longHeader(0xffffffffffffffffn)],
] as const) {
  test.serial(`peers that announce more than ${title} are refused at once, and take no memory`, async (t) => {
    const before = process.memoryUsage()
    for (let n = 0; n < 100; n++) {
      const { connection, fd, closeRawEnd } = pairWithRawEnd(t, options)
      writeAll(fd, claim)
      await t.throwsAsync(() => connection.recvBytes(), { instanceOf: MessageTooLongError })
      closeRawEnd()
      await connection.close()
    }
    t.true(process.memoryUsage().rss - before.rss < 256 * MiB)
  })
}

test.serial(
  'a hundred peers that send a byte at a time delay no other peer, and their messages arrive whole',
  async (t) => {
    const drips = Array.from({ length: 100 }, (_, n) => {
      const message = patterned(60, n)
      const { connection, fd } = pairWithRawEnd(t)
      return { message, framed: frame(message), fd, receiving: connection.recvBytes() }
    })
    const length = drips[0]!.framed.length
    for (let at = 0; at < length; at++) {
      for (const { framed, fd } of drips) writeAll(fd, framed.subarray(at, at + 1))
      await isServed(t)
    }
    for (const { message, receiving } of drips) t.true(message.equals(await receiving))
  },
)

/** An honest pair has its messages through at once. */
async function isServed(t: ExecutionContext): Promise<void> {
  const [a, b] = pair(t)
  const message = patterned(100_000)
  for (let n = 0; n < 10; n++) {
    const sending = a.sendBytes(message)
    if (!message.equals(await b.recvBytes())) t.fail('the honest message differs')
    await sending
  }
  await Promise.all([a.close(), b.close()])
}
