import { isIPv4 } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { connect, connectSync, Listener, SystemError, type Address, type Connection, type Family } from 'carom'
import { startProgram, wellWith } from './children.ts'
import { checkDescriptors } from './descriptors.ts'
import { connected, freshName, freshPath, KINDS, listen, temporaryDirectory } from './listeners.ts'
import { closeAfter } from './pairs.ts'

checkDescriptors(test)

const linux = process.platform === 'linux'
const LIMIT = linux ? 107 : 103

test('a Unix socket’s address is the path that was given', (t) => {
  const path = freshPath(t)
  t.is(listen(t, path).address, path)
})

test('a path may have any characters', async (t) => {
  const path = join(temporaryDirectory(t), 'ünïcode and spaces 🎱')
  const listener = listen(t, path)
  t.is(listener.address, path)
  await connected(t, listener)
})

test('a relative path is one of the current directory', async (t) => {
  const path = `carom-test-${process.pid}.sock`
  const listener = listen(t, path)
  t.is(listener.address, path)
  await connected(t, listener)
})

test('port 0 becomes the port that the system picked', async (t) => {
  const { address } = listen(t, { host: '127.0.0.1', port: 0 })
  if (typeof address === 'string') return t.fail(address)
  t.is(address.host, '127.0.0.1')
  t.true(address.port > 0)
})

test('a port that is given is the port', async (t) => {
  const first = listen(t, { host: '127.0.0.1', port: 0 })
  const { address } = first
  await first.close()
  t.deepEqual(listen(t, address).address, address)
})

test('localhost is reached by its name and by its number', async (t) => {
  const listener = listen(t, { host: 'localhost', port: 0 })
  const { host, port } = listener.address as { host: string; port: number }
  t.true(isIPv4(host))
  const clients = [await connect({ host: 'localhost', port }), await connect({ host, port })]
  for (const client of clients) closeAfter(t, client)
  closeAfter(t, await listener.accept())
  closeAfter(t, await listener.accept())
})

if (KINDS.some(([kind]) => kind === 'TCP over IPv6')) {
  test('a client of localhost tries IPv4 and IPv6', async (t) => {
    const listener = listen(t, { host: '::1', port: 0 })
    const { port } = listener.address as { port: number }
    const asynchronous = await connect({ host: 'localhost', port })
    closeAfter(t, asynchronous)
    closeAfter(t, await listener.accept())
    closeAfter(t, connectSync({ host: 'localhost', port }))
    closeAfter(t, await listener.accept())
    t.is((listener.lastAccepted as { host: string }).host, '::1')
  })

  test('IPv6’s address and lastAccepted have their numbers', async (t) => {
    const listener = listen(t, { host: '::1', port: 0 })
    await connected(t, listener)
    t.is((listener.address as { host: string }).host, '::1')
    t.is((listener.lastAccepted as { host: string }).host, '::1')
  })
}

if (linux) {
  test('an abstract name is given back as it was given, and has no file', async (t) => {
    const name = freshName()
    const listener = listen(t, name)
    t.is(listener.address, name)
    await connected(t, listener)
    await listener.close()
    await t.throwsAsync(() => connect(name), { code: 'ECONNREFUSED' })
    listen(t, name)
  })

  test('an abstract name may have a NUL inside', async (t) => {
    const name = `${freshName()}\0end`
    const listener = listen(t, name)
    t.is(listener.address, name)
    await connected(t, listener)
    await t.throwsAsync(() => connect(name.slice(0, -4)), { code: 'ECONNREFUSED' })
  })
} else {
  test('an abstract name is refused where there are none, with the way out', (t) => {
    t.throws(() => new Listener('\0name'), { message: /abstract.*Linux.*path/ })
  })
}

test('a path of the system’s limit is the longest that is taken', async (t) => {
  const directory = temporaryDirectory(t)
  const longest = join(directory, 'x'.repeat(LIMIT - directory.length - 1))
  await connected(t, listen(t, longest))

  const tooLong = `${longest}x`
  const expected = { instanceOf: RangeError, message: new RegExp(`${LIMIT + 1} bytes.*${LIMIT}`) }
  t.throws(() => new Listener(tooLong), expected)
  t.throws(() => connectSync(tooLong), expected)
  await t.throwsAsync(() => connect(tooLong), expected)
})

test('a path’s length is counted in bytes', (t) => {
  const path = join(temporaryDirectory(t), 'é'.repeat(LIMIT / 2))
  t.true(path.length < LIMIT + 40)
  t.throws(() => new Listener(path), {
    instanceOf: RangeError,
    message: new RegExp(`has ${Buffer.byteLength(path)} bytes`),
  })
})

test('a private address is made anew for every listener', (t) => {
  const [a, b] = [listen(t).address, listen(t).address]
  t.is(typeof a, 'string')
  t.not(a, b)
})

for (const [family, is] of [
  ['AF_UNIX', (address: Address) => typeof address === 'string'],
  ['AF_INET', (address: Address) => typeof address === 'object'],
] as const) {
  test(`family ${family} alone chooses the kind of address`, async (t) => {
    const listener = listen(t, undefined, { family })
    t.true(is(listener.address))
    await connected(t, listener, { family })
  })
}

test('AF_INET alone listens on this machine only', (t) => {
  const { host } = listen(t, undefined, { family: 'AF_INET' }).address as { host: string }
  t.is(host, '127.0.0.1')
})

const disagreements: [Family, Address][] = [
  ['AF_INET', '/tmp/a.sock'],
  ['AF_UNIX', { host: 'localhost', port: 0 }],
]
for (const [family, address] of disagreements) {
  test(`${family} and ${JSON.stringify(address)} disagree, which is an error`, async (t) => {
    const expected = { instanceOf: RangeError, code: 'ERR_OUT_OF_RANGE', message: /family/ }
    t.throws(() => new Listener(address, { family }), expected)
    t.throws(() => connectSync(address, { family }), expected)
    await t.throwsAsync(() => connect(address, { family }), expected)
  })
}

test('AF_PIPE, and the address of a named pipe, are refused where there are none', async (t) => {
  const expected = { instanceOf: RangeError, code: 'ERR_OUT_OF_RANGE', message: /Windows/ }
  t.throws(() => new Listener(undefined, { family: 'AF_PIPE' }), expected)
  t.throws(() => new Listener('\\\\.\\pipe\\name'), expected)
  t.throws(() => new Listener('\\\\.\\pipe\\name', { family: 'AF_PIPE' }), expected)
  await t.throwsAsync(() => connect('\\\\.\\pipe\\name'), expected)
})

test('a host that is not known is an error that names it', async (t) => {
  const address = { host: 'no-such-host.invalid', port: 1 }
  const expected = { instanceOf: SystemError, message: /no-such-host\.invalid/ }
  t.is((await t.throwsAsync(() => connect(address), expected))?.syscall, 'getaddrinfo')
  t.is(t.throws(() => connectSync(address), expected)?.syscall, 'getaddrinfo')
  t.is(t.throws(() => new Listener(address), expected)?.syscall, 'getaddrinfo')
})

for (const [address, what] of [
  [{ host: 'localhost', port: '80' }, /^the address's port must be a number from 0 to 65535, not the string "80"$/],
  [{ host: 'localhost' }, /^the address's port must be a number .*, not undefined$/],
  [{ port: 80 }, /^the address's host must be a name or an address, not undefined$/],
  [{ host: 1, port: 80 }, /^the address's host must be .*, not a number$/],
] as [Address, RegExp][]) {
  test(`the address ${JSON.stringify(address)} is refused by the part that is wrong`, async (t) => {
    const expected = { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE', message: what }
    await t.throwsAsync(connect(address), expected)
    t.throws(() => connectSync(address), expected)
    t.throws(() => new Listener(address), expected)
  })
}

if (linux) {
  test('a zone that is no interface’s name is an error that says so', async (t) => {
    const address = { host: 'fe80::1%carom-none', port: 1 }
    const expected = {
      instanceOf: SystemError,
      code: 'ENODEV',
      message: /^getaddrinfo \[fe80::1%carom-none\]:1: this machine has no network interface of that name \(ENODEV\); /,
    }
    await t.throwsAsync(connect(address), expected)
    t.throws(() => connectSync(address), expected)
    t.throws(() => new Listener(address), expected)
  })
}

test('a host’s name is looked up', async (t) => {
  let listener: Listener
  try {
    listener = listen(t, { host: hostname(), port: 0 })
  } catch {
    t.pass('this machine does not know its own name')
    return
  }
  await t.notThrowsAsync(connected(t, listener))
})

const NO_DELAY = 'import socket; print(socket.socket(fileno=3).getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0)'

test('TCP sends small messages without delay, at both ends', async (t) => {
  const listener = listen(t, { host: '127.0.0.1', port: 0 })
  const asked = async (end: Connection): Promise<void> => {
    const python = process.env['PYTHON'] ?? 'python3'
    t.like(await startProgram(t, python, ['-c', NO_DELAY], [end]).ended, wellWith('True\n'))
  }
  for (const end of await connected(t, listener)) await asked(end)
})
