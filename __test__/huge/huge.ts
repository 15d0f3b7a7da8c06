// A message of more than 2 GiB each way, with the oldest and the newest Python; and its refusal by a peer that doesn't know
// how such a message is announced. Takes five GiB of memory, and is no part of `npm test`: `npm run test:huge`.

import assert from 'node:assert/strict'
import { constants } from 'node:buffer'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { freemem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { crc32 } from 'node:zlib'
import { type Connection, connect, connectSync, pipe } from 'carom'
import { type Interpreter, interpreters } from '../interpreters.ts'
import { PythonPeer, PYTHONS } from '../python-peers.ts'

const LENGTH = 2 ** 31 + 1
const GIB = 2 ** 30

if (constants.MAX_LENGTH < LENGTH) throw new Error(`this Node.js has Buffers of up to ${constants.MAX_LENGTH} bytes`)
if (freemem() < 5 * GIB) console.warn(`only ${(freemem() / GIB).toFixed(1)} GiB of memory are free`)

/** Different enough from place to place for a checksum. */
function message(): Buffer {
  const bytes = Buffer.alloc(LENGTH)
  for (let at = 0; at < LENGTH; at += 4096) bytes[at] = at >>> 12
  bytes[LENGTH - 1] = 255
  return bytes
}

async function timed<T>(what: string, call: () => Promise<T> | T): Promise<T> {
  const started = performance.now()
  const result = await call()
  const seconds = (performance.now() - started) / 1000
  const peak = process.resourceUsage().maxRSS / 2 ** 20
  console.log(
    `${what}: ${seconds.toFixed(1)} s, ${(LENGTH / seconds / 1e9).toFixed(2)} GB/s, peak ${peak.toFixed(1)} GiB`,
  )
  return result
}

async function exchange(python: Interpreter, waiting: 'async' | 'sync'): Promise<void> {
  const [here, there] = pipe({ codec: 'pickle' })
  const script = fileURLToPath(new URL('../python/huge_peer.py', import.meta.url))
  const child = spawn(python.path, [script, String(LENGTH)], { stdio: ['ignore', 'inherit', 'inherit', there.fd] })
  const ended = once(child, 'exit')
  void there.close()
  const name = `Python ${python.name}, ${waiting}`
  await send(name, here, waiting)
  await receive(name, here, waiting)
  await here.close()
  assert.deepEqual(await ended, [0, null])
}

// Each message in a function of its own, so that the next one does not need its memory as well.
async function send(name: string, connection: Connection, waiting: 'async' | 'sync'): Promise<void> {
  const sent = message()
  await timed(`${name}, to Python`, async () => {
    if (waiting === 'sync') connection.sendBytesSync(sent)
    else await connection.sendBytes(sent)
    assert.equal(await connection.recv(), `${LENGTH} ${crc32(sent)}`)
  })
}

async function receive(name: string, connection: Connection, waiting: 'async' | 'sync'): Promise<void> {
  const expected = await connection.recv()
  const received = await timed(`${name}, from Python`, () =>
    waiting === 'sync' ? connection.recvBytesSync() : connection.recvBytes(),
  )
  assert.equal(`${received.length} ${crc32(received)}`, expected)
}

/** A legacy peer would take the announcement for an empty message, and the rest for others. */
async function refusal(python: (typeof PYTHONS)[number]): Promise<void> {
  const key = Buffer.from('a key')
  const peer = await PythonPeer.start(python)
  try {
    for (const waiting of ['async', 'sync'] as const) {
      const address = await peer.listen('AF_UNIX', key)
      const { outcome } = await peer.accept('receive')
      const connection =
        waiting === 'sync' ? connectSync(address, { authkey: key }) : await connect(address, { authkey: key })
      const refused = { name: 'RangeError', message: /2147483649/ }
      if (waiting === 'sync') assert.throws(() => connection.sendBytesSync(Buffer.allocUnsafe(LENGTH)), refused)
      else await assert.rejects(() => connection.sendBytes(Buffer.allocUnsafe(LENGTH)), refused)
      await connection.sendBytes(Buffer.from('nothing was sent before'))
      await connection.close()
      const { value } = await outcome
      assert.deepEqual(value, [Buffer.from('nothing was sent before')])
      console.log(`${python.name}, ${waiting}: refused`)
    }
  } finally {
    await peer.end()
  }
}

const found = await interpreters()
for (const python of new Set([found[0]!, found.at(-1)!])) {
  for (const waiting of ['async', 'sync'] as const) await exchange(python, waiting)
}
for (const python of PYTHONS.filter(({ legacy }) => legacy).slice(-2)) await refusal(python)
