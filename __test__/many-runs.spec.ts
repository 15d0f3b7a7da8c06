// One read that brings many messages, each too long to share its memory with the next one.

import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import test, { type ExecutionContext } from 'ava'
import { type Connection, pipe } from 'carom'
import type * as Binding from '../index.js'
import { thisPlatform } from '../src/native/platforms.ts'
import { checkDescriptors } from './descriptors.ts'
import { interpreters } from './interpreters.ts'
import { closeAfter, fifo } from './pairs.ts'
import { frame, patterned, writeAll } from './wire.ts'

checkDescriptors(test)

const native = createRequire(import.meta.url)(`../carom.${thisPlatform()}.node`) as typeof Binding
const WINDOWS = process.platform === 'win32'
const MEBIBYTE = 1024 * 1024

/** A FIFO that holds a mebibyte where the system lets it: a connection that receives from it, and a descriptor to write to. */
async function wideFifo(t: ExecutionContext): Promise<{ receiver: Connection; fd: number }> {
  const { receiver, sender } = fifo(t)
  const { fd } = sender
  const python = (await interpreters()).at(-1)!
  const widen = `import fcntl; fcntl.fcntl(0, getattr(fcntl, 'F_SETPIPE_SZ', 1031), ${MEBIBYTE})`
  execFileSync(python.path, ['-c', widen], { stdio: [fd, 'inherit', 'inherit'] })
  return { receiver, fd }
}

const onLinux = process.platform === 'linux' ? test.serial : test.serial.skip
for (const size of [32 * 1024, 16 * 1024, 8 * 1024, 4 * 1024]) {
  onLinux(`a read of a mebibyte brings all messages of ${size + 1} bytes that were there`, async (t) => {
    const { receiver, fd } = await wideFifo(t)
    // Behind a message of nearly a mebibyte, the next read is as large.
    const long = patterned(MEBIBYTE - 64)
    writeAll(fd, frame(long))
    t.true((await receiver.recvBytes()).equals(long))
    const messages = Array.from({ length: Math.floor((MEBIBYTE - 8192) / (size + 5)) }, (_, n) =>
      patterned(size + 1, n),
    )
    writeAll(fd, Buffer.concat(messages.map((message) => frame(message))))
    for (const [n, message] of messages.entries()) t.true((await receiver.recvBytes()).equals(message), `message ${n}`)
    t.is(receiver.tryRecvBytes(), undefined)
  })
}

const whereReportsAre = WINDOWS ? test.serial.skip : test.serial
whereReportsAre('a report that has no room for all runs of a slab is refused before anything is read', (t) => {
  const [one, other] = pipe()
  closeAfter(t, other)
  const reactor = new native.Reactor('thread', new Uint32Array(2), () => undefined)
  const { id } = reactor.open(one.detach(), {
    limit: MEBIBYTE,
    spin: 0,
    descriptors: 0,
    readAhead: true,
    ringSize: 0,
    offers: false,
  })
  const { receive } = reactor.transfer()
  other.sendBytesSync(Buffer.from('here'))
  const slab = new Uint8Array(native.READ_MAX)
  const short = new Float64Array(native.REPORT_SIZE - 1)
  t.throws(() => receive(id, slab, short, 0), {
    message: /report of \d+ numbers is too short for a slab of 1048576 bytes/,
  })
  t.throws(() => receive(id, slab, new Float64Array(3), 0), { message: /too short/ })
  const report = new Float64Array(native.REPORT_SIZE)
  t.is(receive(id, slab, report, 0), 1)
  t.is(report[native.REPORT_RUNS], 8)
  t.is(Buffer.from(slab.subarray(4, 8)).toString(), 'here')
  reactor.close(id)
})
