import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import test, { type ExecutionContext } from 'ava'
import { type Connection, pipe, ProtocolError } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { gc } from './gc.ts'
import { closeAfter, pair, pairWithRawEnd, untilRead } from './pairs.ts'
import { turns, until } from './until.ts'
import { header, writeAll } from './wire.ts'

checkDescriptors(test)

const KiB = 1024
const MiB = 1024 * KiB

/** Longer than this, a message lies in memory that carom has from the system. */
const OWN = 32 * MiB

/** Sends a message of `size` bytes, all of them `byte`, and receives it. */
async function pass(from: Connection, to: Connection, size: number, byte: number): Promise<Buffer> {
  const [message] = await Promise.all([to.recvBytes(), from.sendBytes(Buffer.alloc(size, byte))])
  return message
}

/** Whether all of `bytes` are `byte`. */
function isAll(bytes: Uint8Array, byte: number): boolean {
  return bytes.length === 0 || (bytes[0] === byte && Buffer.compare(bytes.subarray(1), bytes.subarray(0, -1)) === 0)
}

/** Has long messages come and go, so that their memory is there to be used again. */
async function leaveMemory(from: Connection, to: Connection, size: number, byte: number): Promise<void> {
  for (let n = 0; n < 3; n++) {
    await pass(from, to, size, byte)
    gc()
    await turns(5)
  }
}

/** The bytes around a message in its memory. */
function surroundings({ buffer, byteOffset, length }: Buffer): Uint8Array[] {
  return [new Uint8Array(buffer, 0, byteOffset), new Uint8Array(buffer, byteOffset + length)]
}

test.serial('a long message is its receiver’s: it stays as it is, whatever comes after it', async (t) => {
  const [from, to] = pair(t)
  const kept: Buffer[] = []
  for (let n = 0; n < 6; n++) {
    kept.push(await pass(from, to, OWN + n * 100 * KiB, n + 1))
    // Others come and go, and their memory is used again.
    await pass(from, to, OWN + MiB, 255)
    gc()
    await turns(5)
  }
  for (const [n, message] of kept.entries()) {
    t.is(message.length, OWN + n * 100 * KiB)
    t.true(isAll(message, n + 1), `message ${n}`)
  }
})

test.serial('messages of all lengths come whole, one like the last or not', async (t) => {
  const [from, to] = pair(t)
  const sizes = [
    128 * KiB - 1,
    128 * KiB,
    MiB - 5,
    MiB - 4,
    MiB,
    MiB + 1,
    3 * MiB,
    OWN - 1,
    OWN,
    OWN + 1,
    OWN + 5 * MiB,
    200 * KiB,
    1,
    0,
  ]
  for (const size of sizes) {
    for (let n = 0; n < 3; n++) {
      const message = await pass(from, to, size, n + 1)
      t.is(message.length, size)
      t.true(isAll(message, n + 1), `${size} bytes, message ${n}`)
    }
  }
})

test.serial('blocking and asynchronous receives of long messages mix', async (t) => {
  const [from, to] = pair(t)
  for (let n = 0; n < 6; n++) {
    const sent = from.sendBytes(Buffer.alloc(OWN + MiB, n + 1))
    const message = n % 2 === 0 ? await to.recvBytes() : to.recvBytesSync()
    t.true(isAll(message, n + 1))
    await sent
    gc()
    await turns(5)
  }
})

test.serial('the memory around a long message has no byte of an older one', async (t) => {
  const [from, to] = pair(t)
  await leaveMemory(from, to, OWN + 2 * MiB, 0xaa)
  // The second one is expected to be as long as the first, and is not.
  for (const size of [OWN + MiB, OWN, OWN + 2 * MiB, 20 * MiB, 20 * MiB]) {
    const message = await pass(from, to, size, 0xbb)
    for (const around of surroundings(message)) t.true(isAll(around, 0), `${size} bytes`)
  }
})

test.serial('a peer that stops inside a long message shows nothing of an older one', async (t) => {
  const [from, to] = pair(t)
  await leaveMemory(from, to, OWN + MiB, 0xaa)
  const { connection: receiver, fd, closeRawEnd } = pairWithRawEnd(t)
  const received = receiver.recvBytes()
  // The first half of the message comes, and then the end.
  writeAll(fd, header(OWN + MiB))
  const part = Buffer.alloc(64 * KiB, 0xbb)
  for (let n = 0; n < OWN / 2; n += part.length) {
    writeAll(fd, part)
    await untilRead(receiver)
  }
  closeRawEnd()
  await t.throwsAsync(received, { instanceOf: ProtocolError, message: /inside a message/ })
  await t.throwsAsync(() => receiver.recvBytes(), { instanceOf: ProtocolError })
  t.true(isAll(await pass(from, to, OWN + MiB, 0xcc), 0xcc))
})

test.serial('a message that is only announced takes no memory', async (t) => {
  const before = process.memoryUsage.rss()
  const receivers = Array.from({ length: 8 }, () => {
    const [raw, receiver] = pipe()
    for (const end of [raw, receiver]) closeAfter(t, end)
    return { raw, received: receiver.recvBytes() }
  })
  const sends = receivers.map(({ raw }) => raw.sendBytes(Buffer.alloc(200 * KiB)))
  await Promise.all([...sends, ...receivers.map(({ received }) => received)])
  const announced = Array.from({ length: 8 }, async () => {
    const [near, receiver] = pipe()
    const { Socket } = await import('node:net')
    const socket = new Socket({ fd: near.detach() })
    t.teardown(() => socket.destroy())
    const received = receiver.recvBytes()
    socket.write(header(100 * MiB))
    socket.write(Buffer.alloc(64 * KiB))
    await turns(20)
    socket.destroy()
    await t.throwsAsync(received, { instanceOf: ProtocolError })
    await receiver.close()
  })
  await Promise.all(announced)
  t.true(process.memoryUsage.rss() - before < 64 * MiB)
})

test.serial('a long message survives the end of its connection', async (t) => {
  const [from, to] = pipe()
  const message = await pass(from, to, OWN + MiB, 7)
  await Promise.all([from.close(), to.close()])
  const [other, another] = pair(t)
  await leaveMemory(other, another, OWN + MiB, 0xaa)
  t.true(isAll(message, 7))
})

test.serial('the memory of a long message can be transferred', async (t) => {
  const [from, to] = pair(t)
  const message = await pass(from, to, OWN + MiB, 7)
  const { byteOffset, length } = message
  const memory = structuredClone(message.buffer as ArrayBuffer, { transfer: [message.buffer as ArrayBuffer] })
  gc()
  await leaveMemory(from, to, OWN + MiB, 0xaa)
  t.true(isAll(new Uint8Array(memory, byteOffset, length), 7))
})

for (const waiting of ['async', 'sync'] as const) {
  test.serial(`what a worker has received and transferred survives its end (${waiting})`, async (t) => {
    const [from, to] = pipe()
    closeAfter(t, from)
    const transferred = await receiveInWorker(t, from, to, waiting)
    const [other, another] = pair(t)
    await leaveMemory(other, another, OWN + MiB, 0xaa)
    for (const [n, bytes] of transferred.entries()) t.true(isAll(bytes, n * 2 + 1), `message ${n * 2}`)
  })
}

async function receiveInWorker(
  t: ExecutionContext,
  from: Connection,
  to: Connection,
  waiting: 'async' | 'sync',
): Promise<Uint8Array[]> {
  const count = 4
  const fd = to.detach()
  const workerData = { fd, count, waiting }
  const worker = new Worker(new URL('./fixtures/transferrer.ts', import.meta.url), {
    execArgv: process.execArgv,
    workerData,
  })
  t.teardown(() => worker.terminate())
  const transferred: Uint8Array[] = []
  worker.on('message', ({ memory, at, size }: { memory: ArrayBuffer; at: number; size: number }) => {
    transferred.push(new Uint8Array(memory, at, size))
  })
  const ended = once(worker, 'exit')
  for (let n = 0; n < count; n++) await from.sendBytes(Buffer.alloc(OWN + MiB, n + 1))
  t.deepEqual(await ended, [0])
  t.is(transferred.length, count / 2)
  return transferred
}

const resident = process.platform === 'linux' ? test.serial : test.serial.skip
resident('memory that nobody uses any more goes back to the system', async (t) => {
  const [from, to] = pair(t)
  for (let n = 0; n < 4; n++) await pass(from, to, OWN + 8 * MiB, n)
  await until(() => {
    gc()
    return mapped() === 0
  }, 'memory of long messages is still mapped')
  t.pass()
})

/** How many mappings of this process are as long as a message of the test above. */
function mapped(): number {
  const sizes = [...readFileSync('/proc/self/smaps', 'utf8').matchAll(/^Size: +(\d+) kB\n(?:.*\n){2}Rss: +(\d+) kB/gm)]
  return sizes.filter(([, size, rss]) => Number(size) >= 40 * KiB && Number(size) < 42 * KiB && Number(rss) > 0).length
}
