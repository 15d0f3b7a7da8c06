import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { minifySync } from 'rolldown/utils'
import test from 'ava'
import {
  AuthenticationError,
  BufferTooShortError,
  BusyError,
  CaromError,
  connect,
  connectSync,
  ConnectionClosedError,
  DecodeError,
  DirectionError,
  EOFError,
  EncodeError,
  Listener,
  MessageTooLongError,
  ProtocolError,
  SystemError,
  TimeoutError,
  WouldBlockError,
} from 'carom'
import { startProgram, wellWith } from './children.ts'
import { checkDescriptors } from './descriptors.ts'
import { listen, temporaryDirectory } from './listeners.ts'

checkDescriptors(test)

const classes = {
  EOFError,
  ConnectionClosedError,
  AuthenticationError,
  BufferTooShortError,
  MessageTooLongError,
  DecodeError,
  EncodeError,
  WouldBlockError,
  TimeoutError,
  BusyError,
  DirectionError,
  ProtocolError,
  SystemError,
}

for (const [name, type] of Object.entries(classes)) {
  test(`${name} is a CaromError, and an Error`, (t) => {
    t.is(type.name, name)
    t.true(type.prototype instanceof CaromError)
    t.true(CaromError.prototype instanceof Error)
  })
}

test('a class that a program derives from one of carom’s has its own instances, and only those', (t) => {
  class OwnError extends TimeoutError {}
  const error = new OwnError('too late')
  t.true(error instanceof OwnError)
  t.true(error instanceof TimeoutError)
  t.false(new TimeoutError('too late') instanceof OwnError)
})

test('the errors of a minified carom have their names, and are instances of this one’s classes', async (t) => {
  const root = fileURLToPath(new URL('../', import.meta.url))
  await mkdir(join(root, 'build'), { recursive: true })
  const folder = await mkdtemp(join(root, 'build/minified-'))
  t.teardown(() => rm(folder, { recursive: true }))
  await mkdir(join(folder, 'dist'))
  const files = await readdir(join(root, 'dist'))
  for (const name of files.filter((each) => each.endsWith('.cjs'))) {
    const { code } = minifySync(name, await readFile(join(root, 'dist', name), 'utf8'), { mangle: { toplevel: true } })
    await writeFile(join(folder, 'dist', name), code)
  }
  const binaries = (await readdir(root)).filter((each) => each.endsWith('.node'))
  for (const name of binaries) await symlink(join(root, name), join(folder, name))
  const program = `
    const { SystemError, EOFError } = require('carom')
    try {
      require('./dist/index.cjs').connectSync('./nobody.sock')
    } catch (error) {
      console.log(error.name, error instanceof SystemError, error instanceof EOFError)
    }`
  await writeFile(join(folder, 'program.cjs'), program)
  t.deepEqual(
    await startProgram(t, process.execPath, ['program.cjs'], [], {}, folder).ended,
    wellWith('SystemError true false\n'),
  )
})

const permission = process.allowedNodeEnvironmentFlags.has('--permission')
  ? '--permission'
  : '--experimental-permission'
for (const flag of ['--no-addons', permission]) {
  test(`a Node that was started with ${flag} gets an error that says to allow addons`, async (t) => {
    const program = "await import('carom').catch(({ message }) => console.log(message))"
    const child = spawn(
      process.execPath,
      [flag, ...(flag === '--no-addons' ? [] : ['--allow-fs-read=*']), '--input-type=module', '-e', program],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    )
    let said = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
    await once(child, 'close')
    t.regex(said, /--allow-addons/)
    t.notRegex(said, /lock file/)
  })
}

test('a client without a key that gets a challenge says that the listener uses an authkey', async (t) => {
  const listener = listen(t, undefined, { authkey: 'secret', handshakeTimeout: 600_000 })
  const accepting = listener.accept()
  for (const codec of ['structured', 'json', 'pickle', 'msgpack'] as const) {
    const client = await connect(listener.address, { codec })
    await t.throwsAsync(client.recv(), { code: 'ERR_CAROM_DECODE', message: /the listener uses an authkey/ })
    await client.close()
  }
  await listener.close()
  await t.throwsAsync(accepting, { code: 'ERR_CAROM_CONNECTION_CLOSED' })
})

test('a client with a key says that it waits for the listener to accept, where no accept is pending', async (t) => {
  const listener = listen(t, undefined, { authkey: 'secret' })
  for (const call of [
    connect,
    async (...[address, options]: Parameters<typeof connect>) => connectSync(address, options),
  ]) {
    await t.throwsAsync(async () => call(listener.address, { authkey: 'secret', timeout: 20 }), {
      code: 'ERR_CAROM_TIMEOUT',
      message: /did not send a challenge in time: .*does its program accept connections\?/,
    })
  }
})

test('a directory that can’t be written, or is missing, is named, with the way out', (t) => {
  const missing = join(temporaryDirectory(t), 'missing')
  t.like(
    t.throws(() => new Listener(join(missing, 'socket')), {
      message: new RegExp(`there is no directory ${missing}.*create it`),
    }),
    {
      code: 'ENOENT',
      syscall: 'bind',
      address: join(missing, 'socket'),
    },
  )
})
