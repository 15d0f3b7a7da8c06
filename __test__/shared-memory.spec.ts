// Named segments of memory that several processes share, and that Python knows.

import { execFile } from 'node:child_process'
import { existsSync, readFileSync, rmSync, statSync, statfsSync, truncateSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import test, { type ExecutionContext } from 'ava'
import { connect, DecodeError, Listener, pipe, Process, SystemError } from 'carom'
import { pickle } from 'carom/python'
import { SharedMemory, type SharedMemoryOptions } from 'carom/shared-memory'
import { checkDescriptors } from './descriptors.ts'
import { gc } from './gc.ts'
import { interpreters, virtualEnvironment } from './interpreters.ts'
import { closeAfter, pair, pairWithRawEnd } from './pairs.ts'
import { turns, until } from './until.ts'
import { frame, writeAll } from './wire.ts'

const pythons = await interpreters()

checkDescriptors(test)

const run = promisify(execFile)
const MiB = 1024 * 1024
const onLinux = process.platform === 'linux' ? test : test.skip
const PEER = new URL('./python/shared_memory_peer.py', import.meta.url)

/** A segment that is closed and unlinked with the test. */
function segment(t: ExecutionContext, size: number, options?: SharedMemoryOptions): SharedMemory {
  const memory = SharedMemory.create(size, options)
  t.teardown(() => {
    memory.close()
    remove(memory.name)
  })
  return memory
}

function remove(name: string): void {
  if (process.platform === 'linux') rmSync(file(name), { force: true })
}

function file(name: string): string {
  return `/dev/shm/${name}`
}

/** How often this process has the segment mapped. */
function mappings(name: string): number {
  return readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .filter((line) => line.includes(file(name))).length
}

/** Resolves when this process has the segment mapped so often: what is not used any more goes a turn later. */
function untilMapped(name: string, times: number): Promise<void> {
  return until(
    () => {
      gc()
      return mappings(name) === times
    },
    () => `${name} is mapped ${mappings(name)} times, not ${times}`,
  )
}

function bytes(memory: SharedMemory): Uint8Array {
  return new Uint8Array(memory.buffer)
}

test('bytes that one object writes are read through another one of the same name', (t) => {
  const memory = segment(t, 1000)
  t.is(memory.buffer.byteLength, 1000)
  t.is(memory.size, 1000)
  t.true(bytes(memory).every((byte) => byte === 0))
  const other = SharedMemory.open(memory.name)
  t.teardown(() => other.close())
  bytes(memory)[999] = 42
  t.is(bytes(other)[999], 42)
  bytes(other)[0] = 17
  t.is(bytes(memory)[0], 17)
})

onLinux('a segment is a file of its name, which only its user may open, with all of its memory', (t) => {
  const memory = segment(t, MiB)
  t.regex(memory.name, /^psm_[\da-f]{8}$/)
  const { mode, size, blocks } = statSync(file(memory.name))
  t.is(mode & 0o777, 0o600)
  t.is(size, MiB)
  t.is(blocks * 512, MiB)
  const named = segment(t, 1, { name: `carom-${process.pid} é` })
  t.true(existsSync(file(`carom-${process.pid} é`)))
  t.is(named.size, 1)
})

test('a name belongs to one segment until it is unlinked, once', (t) => {
  const name = `carom-once-${process.pid}`
  const memory = segment(t, 10, { name })
  t.throws(() => SharedMemory.create(10, { name }), { instanceOf: SystemError, code: 'EEXIST' })
  bytes(memory)[0] = 1
  memory.unlink()
  bytes(memory)[1] = 2
  t.throws(() => SharedMemory.open(name), {
    instanceOf: SystemError,
    code: 'ENOENT',
    message: /no shared memory of that name/,
  })
  t.throws(() => memory.unlink(), { instanceOf: SystemError, code: 'ENOENT' })
  const next = segment(t, 20, { name })
  t.is(bytes(next)[0], 0)
  t.is(bytes(memory)[1], 2)
  memory.close()
  next.unlink()
})

test('a closed segment has no bytes, and can be opened again', (t) => {
  const memory = segment(t, 100)
  const { buffer } = memory
  const view = new Uint8Array(buffer)
  view[5] = 5
  memory.close()
  memory.close()
  t.is(view.length, 0)
  t.is(buffer.byteLength, 0)
  t.is(memory.buffer, buffer)
  t.true(memory.closed)
  t.is(memory.open(), memory)
  t.not(memory.buffer, buffer)
  t.is(memory.open().buffer, memory.buffer)
  t.is(bytes(memory)[5], 5)
  memory[Symbol.dispose]()
  t.true(memory.closed)
})

test('a name is that of a file, and of nothing else', (t) => {
  for (const name of ['../x', '/x', 'a/b', '..', '.', '', 'a\0b', 'x'.repeat(300), 'x'.repeat(1e6), 'é'.repeat(200)]) {
    for (const call of [() => SharedMemory.open(name), () => SharedMemory.create(1, { name })]) {
      const error = t.throws(call, { instanceOf: TypeError, message: /can't have the name/ })
      t.true(error.message.length < 300)
    }
  }
  for (const name of [1, null, {}, '\ud800']) {
    t.throws(() => SharedMemory.open(name as string), { instanceOf: TypeError })
    t.throws(() => SharedMemory.create(1, { name: name as string }), { instanceOf: TypeError })
  }
  t.throws(() => SharedMemory.open(undefined as never), { instanceOf: TypeError })
  t.throws(() => SharedMemory.create(1, { nome: 'x' } as never), {
    instanceOf: TypeError,
    message: /did you mean 'name'/,
  })
})

test('a size is a positive integer', (t) => {
  for (const size of [0, -1, 0.5, NaN, Infinity, 2 ** 53]) {
    t.throws(() => SharedMemory.create(size), { instanceOf: RangeError, message: /size must be/ })
  }
  for (const size of ['1', undefined, null, 1n] as unknown[]) {
    t.throws(() => SharedMemory.create(size as number), { instanceOf: TypeError })
  }
})

onLinux('where there is no room, that is known at once, and no name is left', (t) => {
  const { bsize, blocks } = statfsSync('/dev/shm')
  const name = `carom-too-large-${process.pid}`
  for (const size of [bsize * blocks + 1, 2 ** 45, 2 ** 53 - 1]) {
    t.throws(() => SharedMemory.create(size, { name }), { instanceOf: SystemError, code: 'ENOSPC' })
    t.false(existsSync(file(name)))
  }
})

onLinux('a full /dev/shm is an error, and no signal later', async (t) => {
  const program = fileURLToPath(new URL('./fixtures/full-shared-memory.mjs', import.meta.url))
  const shell = `mount -t tmpfs -o size=1m tmpfs /dev/shm && exec "${process.execPath}" "${program}"`
  try {
    await run('unshare', ['--mount', '--map-root-user', 'true'])
  } catch {
    t.pass('this machine lets nobody mount anything')
    return
  }
  const { stdout } = await run('unshare', ['--mount', '--map-root-user', 'sh', '-c', shell])
  t.deepEqual(JSON.parse(stdout), ['ENOSPC', 1024 * 1024 - 4096, 'ENOSPC', 'ENOSPC'])
})

onLinux('the size is that of the file, and an empty one is refused', (t) => {
  const name = `carom-file-${process.pid}`
  t.teardown(() => remove(name))
  writeFileSync(file(name), '')
  t.throws(() => SharedMemory.open(name), { instanceOf: SystemError, code: 'EINVAL', message: /it is empty/ })
  truncateSync(file(name), 5000)
  const memory = SharedMemory.open(name)
  t.is(memory.buffer.byteLength, 5000)
  memory.close()
})

onLinux('a mapping ends with close, and with the last buffer that nobody refers to', async (t) => {
  const memory = segment(t, MiB)
  t.is(mappings(memory.name), 1)
  memory.close()
  await untilMapped(memory.name, 0)
  for (let n = 0; n < 20; n++) SharedMemory.open(memory.name)
  await untilMapped(memory.name, 0)
  let view: Uint8Array | undefined = new Uint8Array(SharedMemory.open(memory.name).buffer, 100)
  for (let n = 0; n < 5; n++) {
    gc()
    await turns(2)
  }
  view[0] = 1
  t.is(mappings(memory.name), 1)
  view = undefined
  await untilMapped(memory.name, 0)
})

test('a buffer that was transferred lives on after close', async (t) => {
  const program = fileURLToPath(new URL('./fixtures/transferred-memory.mjs', import.meta.url))
  // Node.js 20 has it behind a flag.
  const flags = 'transfer' in ArrayBuffer.prototype ? [] : ['--harmony-rab-gsab-transfer']
  const { stdout } = await run(process.execPath, ['--expose-gc', ...flags, program])
  t.deepEqual(JSON.parse(stdout), { closed: 0, here: 7, elsewhere: 7, after: [0, 0] })
})

onLinux('workers map segments of their own, which end with them', async (t) => {
  const memory = segment(t, 100)
  for (const end of ['close', 'leave', 'exit']) {
    const worker = new Worker(new URL('./fixtures/shared-memory-worker.mjs', import.meta.url), {
      workerData: { name: memory.name, end },
    })
    const code = await new Promise((resolve, reject) => worker.on('exit', resolve).on('error', reject))
    t.is(code, 0)
    t.is(bytes(memory)[0], 9)
    bytes(memory)[0] = 0
    await untilMapped(memory.name, 1)
  }
})

for (const codec of ['structured', 'pickle'] as const) {
  test(`it travels as its name, with the codec '${codec}', and arrives closed`, async (t) => {
    const memory = segment(t, 100)
    const [here, there] = pair(t, { codec })
    bytes(memory)[1] = 8
    await here.send({ memory, list: [memory] })
    const got = (await there.recv()) as { memory: SharedMemory; list: SharedMemory[] }
    t.is(got.list[0], got.memory)
    t.true(got.memory instanceof SharedMemory)
    t.true(got.memory.closed)
    t.is(got.memory.name, memory.name)
    t.is(got.memory.size, 0)
    t.throws(() => got.memory.buffer, { code: 'ERR_CAROM_SHARED_MEMORY_CLOSED', message: /open\(\) maps it/ })
    t.is(bytes(got.memory.open())[1], 8)
    t.is(got.memory.size, 100)
    got.memory.close()
    t.false(memory.closed)
    there.sendSync(got.memory)
    t.is((here.recvSync() as SharedMemory).name, memory.name)
  })

  test(`it does not go to another machine, with the codec '${codec}'`, async (t) => {
    const memory = segment(t, 100)
    const listener = new Listener({ host: '127.0.0.1', port: 0 }, { codec })
    t.teardown(() => listener.close())
    const [client, server] = await Promise.all([connect(listener.address, { codec }), listener.accept()])
    for (const end of [client, server]) closeAfter(t, end)
    await t.throwsAsync(async () => client.send([memory]), {
      instanceOf: SystemError,
      code: 'EOPNOTSUPP',
      message: /same machine/,
    })
    t.throws(() => client.sendSync({ memory }), { instanceOf: SystemError, code: 'EOPNOTSUPP' })
    await client.send('unharmed')
    t.is(await server.recv(), 'unharmed')
  })
}

test('among objects without properties it is what it is', async (t) => {
  const memory = segment(t, 100)
  const [here, there] = pair(t)
  for (let n = 0; n < 50; n++) {
    await here.send([{}, memory, { name: 'x', size: 1 }, { n }, memory])
    const got = (await there.recv()) as unknown[]
    t.true(got[1] instanceof SharedMemory)
    t.is(got[4], got[1])
    t.deepEqual(got.toSpliced(4, 1).toSpliced(1, 1), [{}, { name: 'x', size: 1 }, { n }])
  }
})

test('other codecs have no form for it', (t) => {
  const memory = segment(t, 100)
  for (const codec of ['json', 'msgpack'] as const) {
    const [here] = pair(t, { codec })
    t.throws(() => here.sendSync({ memory }), { code: 'ERR_CAROM_ENCODE' })
  }
})

test('a message that names what no segment can be called is refused, and the next one is unharmed', async (t) => {
  const [here, there] = pair(t)
  for (const name of ['../etc/passwd', '', 'a\0b', 'x'.repeat(1000)]) {
    const text = Buffer.from(name)
    const head = text.length < 64 ? [0x40 | text.length] : [0xce, 0x80 | (text.length & 0x7f), text.length >> 7]
    await here.sendBytes(Buffer.concat([Buffer.from([0xc1, 0xe9, ...head]), text]))
    await t.throwsAsync(() => there.recv(), { instanceOf: DecodeError })
  }
  await here.sendBytes(Buffer.from([0xc1, 0xe9, 5]))
  await t.throwsAsync(() => there.recv(), { instanceOf: DecodeError })
  await here.send(1)
  t.is(await there.recv(), 1)
})

test('a pickle may name a segment, but not make one', (t) => {
  const call = (args: string): Buffer =>
    Buffer.from(`cmultiprocessing.shared_memory\nSharedMemory\n(${args}tR.`, 'latin1')
  const made = pickle().decode(call("S'psm_x'\nI00\nI10\n")) as SharedMemory
  t.is(made.name, 'psm_x')
  t.true(made.closed)
  for (const args of [
    "S'psm_x'\nI01\nI10\n",
    "S'../x'\nI00\nI10\n",
    "S'psm_x'\n",
    'NI01\nI10\n',
    'NI00\nI10\n',
    "S'psm_x'\nI00\nN",
  ]) {
    t.throws(() => pickle().decode(call(args)), { instanceOf: DecodeError })
  }
})

test('a message is sent from memory that is closed meanwhile', async (t) => {
  const memory = segment(t, 8 * MiB)
  bytes(memory).fill(3)
  bytes(memory)[8 * MiB - 1] = 4
  const [here, there] = pair(t)
  const sent = here.sendBytes(memory.buffer)
  const [more, again] = pair(t)
  const alsoSent = more.send({ image: new Uint8Array(memory.buffer, 0, MiB) })
  memory.close()
  const message = await there.recvBytes()
  await sent
  t.is(message.length, 8 * MiB)
  t.true(message.subarray(0, -1).every((byte) => byte === 3))
  t.is(message.at(-1), 4)
  const { image } = (await again.recv()) as { image: Uint8Array }
  await alsoSent
  t.true(image.length === MiB && image.every((byte) => byte === 3))
})

test('a message that is received into memory that is closed meanwhile is lost, and no other', async (t) => {
  const framed = frame(Buffer.alloc(150_000, 1))
  const memory = segment(t, 150_000)
  const { connection, fd } = pairWithRawEnd(t)
  const received = connection.recvBytesInto(bytes(memory))
  writeAll(fd, framed.subarray(0, 100_000))
  await until(() => bytes(memory)[0] === 1, 'nothing arrives')
  memory.close()
  writeAll(fd, Buffer.concat([framed.subarray(100_000), frame('next')]))
  await t.throwsAsync(received, { instanceOf: TypeError })
  t.is((await connection.recvBytes()).toString(), 'next')
})

test('it shows itself by its name and size', (t) => {
  const memory = segment(t, 100)
  t.is(`${memory as unknown as string}`, '[object SharedMemory]')
  t.deepEqual(JSON.parse(JSON.stringify(memory)), { name: memory.name, size: 100 })
})

for (const { name, path } of pythons) {
  onLinux(`Python ${name} opens what is made here, and makes what is opened here`, async (t) => {
    const memory = segment(t, 5000)
    const [control, far] = pipe({ codec: 'pickle' })
    closeAfter(t, control)
    const python = new Process(PEER, { interpreter: path, target: 'talk', args: [far] })
    await python.start()
    t.teardown(() => python.close())
    void far.close()
    const ask = async (...message: unknown[]): Promise<unknown> => {
      await control.send(message)
      return control.recv()
    }
    bytes(memory)[4999] = 200
    // By its name, as any program does; unregistered, as Python's documentation wants it.
    t.deepEqual(await ask('open', memory.name), [5000, 200])
    t.is(bytes(memory)[0], 100)

    const theirs = SharedMemory.open((await ask('make', 3000)) as string)
    t.is(theirs.size, 3000)
    t.is(bytes(theirs)[2999], 50)
    bytes(theirs)[0] = 60
    t.is(await ask('look', 0), 60)
    const sent = (await ask('give')) as SharedMemory
    t.is(sent.name, theirs.name)
    t.is(bytes(sent.open())[0], 60)
    // Either side may unlink.
    theirs.unlink()
    await t.throwsAsync(async () => SharedMemory.open(theirs.name), { code: 'ENOENT' })
    theirs.close()
    sent.close()

    await control.send(['end'])
    await python.join()
    t.is(python.exitCode, 0)
    t.true(existsSync(file(memory.name)))
  })

  onLinux(`Python ${name} does not unlink what it was handed, as an argument or in a call`, async (t) => {
    const memory = segment(t, 100)
    const ended = new Process(PEER, { interpreter: path, target: 'touch', args: [memory, 7] })
    await ended.start()
    await ended.join()
    t.is(ended.exitCode, 0)
    ended.close()
    t.is(bytes(memory)[0], 7)
    const serving = new Process(PEER, { interpreter: path, serve: true })
    await serving.start()
    const back = (await serving.remote['touch']!(memory, 8)) as SharedMemory
    t.is(bytes(memory)[0], 8)
    t.is(back.name, memory.name)
    const dropped = segment(t, 100)
    await serving.remote['unlink']!(dropped)
    t.false(existsSync(file(dropped.name)))
    await serving.stop()
    serving.close()
    t.true(existsSync(file(memory.name)))
  })
}

onLinux('numpy works on the memory in place', async (t) => {
  const { path } = await virtualEnvironment()
  const memory = segment(t, 8 * 1000)
  const numbers = new Float64Array(memory.buffer)
  for (let n = 0; n < 1000; n++) numbers[n] = n
  const python = new Process(PEER, { interpreter: path, serve: true })
  await python.start()
  t.is(await python.remote['double']!(memory), 2 * 499_500)
  t.is(numbers[999], 1998)
  await python.stop()
  python.close()
})
