// Other users of the machine, and the files that they may put in a socket's place. Only root can act for another user.

import { spawn } from 'node:child_process'
import {
  chmodSync,
  lchownSync,
  existsSync,
  mkdirSync,
  symlinkSync,
  writeFileSync,
  readFileSync,
  lstatSync,
  renameSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { once } from 'node:events'
import test, { type ExecutionContext } from 'ava'
import { CaromError, connect, Listener } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { KEYED } from './handshakes.ts'
import { listen, temporaryDirectory } from './listeners.ts'

checkDescriptors(test)

/** The user called nobody, nearly everywhere. */
const OTHER = 65534
const isRoot = process.getuid?.() === 0

/** Runs `source` as the other user with `address` as its argument; resolves with its output. */
async function asOther(t: ExecutionContext, source: string, address: string): Promise<string> {
  const child = spawn(process.execPath, ['-e', source, address], {
    uid: OTHER,
    gid: OTHER,
    cwd: '/',
    env: {},
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  let printed = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text))
  await once(child, 'close')
  return printed.trim()
}

const CONNECT = `
  const socket = require('node:net').connect(process.argv[1])
  socket.on('connect', () => { console.log('connected'); socket.destroy() })
  socket.on('error', (error) => console.log(error.code))`

/** A directory that everybody may enter and write, as /tmp is. */
function sharedDirectory(t: ExecutionContext): string {
  const directory = join(temporaryDirectory(t), 'shared')
  mkdirSync(directory)
  chmodSync(join(directory, '..'), 0o755)
  chmodSync(directory, 0o1777)
  return directory
}

function needsRoot(t: ExecutionContext): boolean {
  if (!isRoot) {
    t.log('skipped: only root can act for another user')
    t.pass()
  }
  return isRoot
}

test('another user reaches no private address', async (t) => {
  if (!needsRoot(t)) return
  t.is(await asOther(t, CONNECT, listen(t).address as string), 'EACCES')
})

test('another user reaches a socket file only where its mode lets them', async (t) => {
  if (!needsRoot(t)) return
  const directory = sharedDirectory(t)
  const owners = listen(t, join(directory, 'owners'))
  t.is(await asOther(t, CONNECT, owners.address as string), 'EACCES')
  const everybodys = listen(t, join(directory, 'everybodys'), { mode: 0o666 })
  t.is(await asOther(t, CONNECT, everybodys.address as string), 'connected')
})

test('another user, with access by the mode, is refused without the key', async (t) => {
  if (!needsRoot(t)) return
  const listener = listen(t, join(sharedDirectory(t), 'socket'), { mode: 0o666, ...KEYED })
  const refused = once(listener, 'authenticationFailure')
  const accepting = listener.accept()
  t.is(await asOther(t, CONNECT, listener.address as string), 'connected')
  t.is(((await refused) as [{ code: string }])[0].code, 'ERR_CAROM_EOF')
  const [client, server] = await Promise.all([connect(listener.address, KEYED), accepting])
  await Promise.all([client.close(), server.close()])
})

test('peerCredentials name another user', async (t) => {
  if (!needsRoot(t)) return
  const listener = listen(t, join(sharedDirectory(t), 'socket'), { mode: 0o666 })
  const accepting = listener.accept()
  const waiting = asOther(
    t,
    `${CONNECT}; socket.removeAllListeners('connect'); socket.on('close', () => {})`,
    listener.address as string,
  )
  const connection = await accepting
  t.like(connection.peerCredentials, { uid: OTHER, gid: OTHER })
  await connection.close()
  await waiting
})

for (const [what, make] of [
  ['a file', (path: string) => writeFileSync(path, 'precious')],
  [
    'a link to a file',
    (path: string) => (writeFileSync(`${path}.target`, 'precious'), symlinkSync(`${path}.target`, path)),
  ],
  ['a link to nothing', (path: string) => symlinkSync(`${path}.target`, path)],
  ['a directory', (path: string) => mkdirSync(path)],
] as const) {
  test(`${what} in the socket’s place is not replaced, nor followed, and stays when no process listens`, async (t) => {
    const path = join(sharedDirectory(t), 'socket')
    make(path)
    if (isRoot) lchownSync(path, OTHER, OTHER)
    const before = lstatSync(path)
    t.throws(() => new Listener(path), { code: 'EADDRINUSE' })
    t.like(lstatSync(path), { ino: before.ino, mode: before.mode, uid: before.uid })
    const target = `${path}.target`
    if (what === 'a link to a file') t.is(readFileSync(target, 'utf8'), 'precious')
    if (what === 'a link to nothing') t.false(existsSync(target))
    await t.throwsAsync(() => connect(path), { message: /socket/ })
  })
}

test('connect follows a link to a listener, which must know the key', async (t) => {
  const directory = sharedDirectory(t)
  const [impostor, link] = [createServer(), join(directory, 'link')]
  impostor.on('connection', (socket) => socket.on('error', () => {}).end(Buffer.from('garbage')))
  impostor.listen(join(directory, 'impostor'))
  await once(impostor, 'listening')
  t.teardown(() => impostor.close())
  symlinkSync(join(directory, 'impostor'), link)
  await t.throwsAsync(() => connect(link, KEYED), { instanceOf: CaromError })
})

test('a listener whose file another user’s link has replaced removes neither it nor what it names', async (t) => {
  const directory = temporaryDirectory(t)
  const [path, target] = [join(directory, 'socket'), join(directory, 'target')]
  const listener = listen(t, path)
  writeFileSync(target, 'precious')
  renameSync(path, join(directory, 'moved'))
  symlinkSync(target, path)
  await listener.close()
  t.is(readFileSync(path, 'utf8'), 'precious')
})
