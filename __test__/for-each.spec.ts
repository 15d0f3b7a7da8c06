import { AsyncLocalStorage } from 'node:async_hooks'
import test from 'ava'
import { BusyError, DecodeError, DirectionError, ProtocolError } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { pair, pairWithRawEnd } from './pairs.ts'
import { frame, patterned, writeAll } from './wire.ts'

checkDescriptors(test)

test('forEach gives every message, in order, until the end', async (t) => {
  const [a, b] = pair(t)
  const sent = Array.from({ length: 20_000 }, (_, n) => ({ n }))
  const sending = (async () => {
    for (const value of sent) await a.send(value)
    await a.close()
  })()
  const received: unknown[] = []
  t.is(await b.forEach((value) => received.push(value)), undefined)
  t.deepEqual(received, sent)
  await sending
})

test('bytes().forEach gives raw messages of every size, each to keep', async (t) => {
  const [a, b] = pair(t)
  const sizes = [0, 1, 70_000, 0, 3, 1_000_000, 5]
  const sending = (async () => {
    for (const [n, size] of sizes.entries()) await a.sendBytes(patterned(size, n))
    await a.close()
  })()
  const received: Buffer[] = []
  await b.bytes().forEach((message) => void received.push(message))
  t.is(received.length, sizes.length)
  for (const [n, message] of received.entries()) t.true(message.equals(patterned(sizes[n]!, n)), `message ${n}`)
  await sending
})

test('the callback is not called before forEach has returned', async (t) => {
  const [a, b] = pair(t)
  await a.send(1)
  const order: string[] = []
  const looping = b.forEach(() => void order.push('message'))
  order.push('returned')
  await a.close()
  await looping
  t.deepEqual(order, ['returned', 'message'])
})

test('where the callback returns a promise, the next message waits for it', async (t) => {
  const [a, b] = pair(t)
  for (let n = 0; n < 5; n++) await a.send(n)
  await a.close()
  const order: string[] = []
  await b.forEach(async (n) => {
    order.push(`begin ${n}`)
    await new Promise(setImmediate)
    order.push(`end ${n}`)
  })
  t.deepEqual(
    order,
    [0, 1, 2, 3, 4].flatMap((n) => [`begin ${n}`, `end ${n}`]),
  )
})

test('a receiver that is busy stops its sender', async (t) => {
  const [a, b] = pair(t)
  const bytes = Buffer.alloc(64 * 1024)
  let release = (): void => {}
  const held = new Promise<void>((resolve) => (release = resolve))
  let taken = 0
  const looping = b.bytes().forEach(() => (taken++ === 0 ? held : undefined))
  const sends = Array.from({ length: 50 }, () => a.sendBytes(bytes))
  await new Promise(setImmediate)
  t.true(a.bufferedAmount > 1_000_000)
  release()
  await Promise.all(sends)
  await a.close()
  await looping
  t.is(taken, 50)
})

test('it resolves when this program closes the connection, in the callback too', async (t) => {
  const [a, b] = pair(t)
  await a.send(1)
  await a.send(2)
  const received: unknown[] = []
  await b.forEach((n) => {
    received.push(n)
    void b.close()
  })
  t.deepEqual(received, [1])
  const [, other] = pair(t)
  const looping = other.forEach(() => {})
  await other.close()
  await looping
})

test('it rejects with the error that the callback threw, and the next message is there', async (t) => {
  const [a, b] = pair(t)
  for (let n = 0; n < 4; n++) await a.send(n)
  const error = new Error('no')
  const failing = (how: () => unknown) => b.forEach((n) => ((n as number) % 2 === 0 ? how() : undefined))
  t.is(
    await t.throwsAsync(
      failing(() => {
        throw error
      }),
    ),
    error,
  )
  t.is(await b.recv(), 1)
  t.is(await t.throwsAsync(failing(() => Promise.reject(error))), error)
  t.is(b.recvSync(), 3)
})

test('it rejects with the signal’s reason, and the next message is there', async (t) => {
  const [a, b] = pair(t)
  const reason = new Error('enough')
  await t.throwsAsync(
    b.forEach(() => {}, { signal: AbortSignal.abort(reason) }),
    { message: 'enough' },
  )
  const controller = new AbortController()
  for (let n = 0; n < 3; n++) await a.send(n)
  const received: unknown[] = []
  const looping = b.forEach(
    (n) => {
      received.push(n)
      if (n === 1) controller.abort(reason)
    },
    { signal: controller.signal },
  )
  t.is(await t.throwsAsync(looping), reason)
  t.deepEqual(received, [0, 1])
  t.is(await b.recv(), 2)
})

test('an abort ends it while it waits for the callback’s promise, and while nothing comes', async (t) => {
  const [a, b] = pair(t)
  for (const send of [true, false]) {
    const controller = new AbortController()
    if (send) await a.send(1)
    const looping = b.forEach(
      () => {
        setImmediate(() => controller.abort(new Error('enough')))
        return new Promise(() => {})
      },
      { signal: controller.signal },
    )
    if (!send) setImmediate(() => controller.abort(new Error('enough')))
    await t.throwsAsync(looping, { message: 'enough' })
  }
  await a.send('next')
  t.is(await b.recv(), 'next')
})

test('a message that can’t be decoded rejects, and the next one is there', async (t) => {
  const [a, b] = pair(t, { codec: 'json' })
  await a.send(1)
  await a.sendBytes(Buffer.from('{'))
  await a.send(2)
  const received: unknown[] = []
  await t.throwsAsync(
    b.forEach((n) => received.push(n)),
    { instanceOf: DecodeError },
  )
  t.deepEqual(received, [1])
  t.is(await b.recv(), 2)
})

test('an end inside a message rejects with a ProtocolError', async (t) => {
  const { connection, fd, closeRawEnd } = pairWithRawEnd(t)
  writeAll(fd, Buffer.concat([frame('whole'), frame('torn').subarray(0, 6)]))
  closeRawEnd()
  const received: string[] = []
  await t.throwsAsync(
    connection.bytes().forEach((message) => received.push(message.toString())),
    { instanceOf: ProtocolError },
  )
  t.deepEqual(received, ['whole'])
})

test('any other receive meanwhile is a BusyError, and so is forEach beside a pending receive', async (t) => {
  const [a, b] = pair(t)
  const looping = b.forEach(() => {
    t.throws(() => b.tryRecv(), { instanceOf: BusyError, code: 'ERR_CAROM_BUSY' })
  })
  for (const receive of [() => b.recv(), () => b.recvBytes(), () => b.poll(), () => b.forEach(() => {})]) {
    await t.throwsAsync(async () => receive(), { instanceOf: BusyError })
  }
  for (const receive of [() => b.recvSync(), () => b.tryRecvBytes(), () => b.pollSync(), () => b.detach()]) {
    t.throws(receive, { instanceOf: BusyError })
  }
  await a.send(1)
  await a.close()
  await looping
  const [c, d] = pair(t)
  const waiting = d.recv()
  await t.throwsAsync(
    d.forEach(() => {}),
    { instanceOf: BusyError },
  )
  await c.send(1)
  t.is(await waiting, 1)
})

test('it runs in the async context of the call', async (t) => {
  const [a, b] = pair(t)
  const storage = new AsyncLocalStorage<string>()
  const seen: unknown[] = []
  const looping = storage.run('mine', () => b.forEach(() => void seen.push(storage.getStore())))
  await storage.run('theirs', async () => {
    await a.send(1)
    await new Promise(setImmediate)
    await a.send(2)
    await a.close()
  })
  await looping
  t.deepEqual(seen, ['mine', 'mine'])
})

test('timers run under a flood', async (t) => {
  const [a, b] = pair(t)
  const bytes = Buffer.alloc(100)
  const flood = (async () => {
    for (;;) await a.sendBytes(bytes)
  })().catch(() => {})
  let timers = 0
  const timer = setInterval(() => timers++, 1)
  const controller = new AbortController()
  const looping = b.bytes().forEach(
    () => {
      if (timers >= 20) controller.abort(new Error('enough'))
    },
    { signal: controller.signal },
  )
  await t.throwsAsync(looping, { message: 'enough' })
  clearInterval(timer)
  void b.close()
  await flood
})

test('forEach refuses a value that is no callback, and an end that only sends', async (t) => {
  const [receiver, sender] = pair(t, { duplex: false })
  await t.throwsAsync(receiver.forEach(7 as never), { instanceOf: TypeError })
  await t.throwsAsync(
    receiver.forEach(() => {}, { timeout: 1 } as object),
    { instanceOf: TypeError, message: /AbortSignal.timeout/ },
  )
  await t.throwsAsync(
    sender.forEach(() => {}),
    { instanceOf: DirectionError },
  )
})
