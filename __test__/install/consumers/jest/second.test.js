const { AuthenticationError, connect, EOFError, Listener, pipe, Process, SystemError, wait } = require('carom')
const { pickle, PythonTuple } = require('carom/python')

const ends = []
function connected(options) {
  const made = pipe(options)
  ends.push(...made)
  return made
}
afterEach(() => Promise.all(ends.splice(0).map((end) => end.close())))

test('values arrive as what they are in this realm', async () => {
  for (const codec of [undefined, 'json', 'v8', 'msgpack', 'pickle', pickle()]) {
    const [a, b] = connected({ codec })
    await a.send({ list: [1, 'two', null], nested: { yes: true } })
    expect(await b.recv()).toEqual({ list: [1, 'two', null], nested: { yes: true } })
  }
  const [a, b] = connected({ codec: pickle({ tuples: true }) })
  await a.send(PythonTuple.of(1, 2))
  expect(await b.recv()).toBeInstanceOf(PythonTuple)
})

test('bytes of any kind are sent, and arrive', async () => {
  const [a, b] = connected()
  for (const bytes of [
    new Uint8Array([1, 2]),
    new Uint16Array([513]),
    Buffer.from([1, 2]),
    new Uint8Array([1, 2]).buffer,
  ])
    await a.sendBytes(bytes)
  for (let n = 0; n < 4; n++) expect([...(await b.recvBytes())]).toEqual([1, 2])
})

test('blocking calls block', () => {
  const [a, b] = connected()
  a.sendSync('hello')
  expect(b.pollSync(1000)).toBe(true)
  expect(b.recvSync()).toBe('hello')
})

test('errors are what this file knows them as', async () => {
  const [a, b] = connected()
  await a.close()
  await expect(b.recv()).rejects.toThrow(EOFError)
  await expect(b.recv()).rejects.toBeInstanceOf(Error)
  const failure = await connect('/nonexistent/socket').catch((error) => error)
  expect(failure).toBeInstanceOf(SystemError)
  expect(failure).toMatchObject({ code: 'ENOENT', syscall: 'connect' })
  await expect(connect({ host: 'localhost', port: 1 })).rejects.toThrow(SystemError)
  expect(() => pipe({ codec: 'none' })).toThrow(TypeError)
})

test('a listener, with a key', async () => {
  const listener = new Listener({ host: '127.0.0.1', port: 0 }, { authkey: 'secret' })
  const accepting = listener.accept()
  await expect(connect(listener.address, { authkey: 'wrong' })).rejects.toThrow(AuthenticationError)
  const [there, here] = await Promise.all([accepting, connect(listener.address, { authkey: 'secret' })])
  await here.send('hello')
  expect(await there.recv()).toBe('hello')
  await Promise.all([here.close(), there.close(), listener.close()])
})

test('wait says what is ready', async () => {
  const [a, b] = connected()
  expect(await wait([a, b], { timeout: 1 })).toEqual([])
  await a.send(1)
  expect(await wait([a, b])).toEqual([b])
})

test('a process runs a module of this folder', async () => {
  const [here, there] = connected()
  const worker = new Process(require.resolve('./worker.js'), { args: [there] })
  await worker.start()
  expect(await here.recv()).toBe('from the worker')
  await worker.join()
  expect(worker.exitCode).toBe(0)
  worker.close()
})

test('a connection left open does not disturb the files before this one', async () => {
  const [a, b] = pipe()
  await a.send('for nobody')
  a.unref()
  b.unref()
})
