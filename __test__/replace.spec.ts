// `replace: true`: a listener in the place of a socket file at which no process listens any more.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { connect, Listener } from 'carom'
import { fixture, startChild, startProgram, untilPrinted } from './children.ts'
import { checkDescriptors } from './descriptors.ts'
import { connected, freshPath, listen, temporaryDirectory } from './listeners.ts'
import { turns, until } from './until.ts'

checkDescriptors(test)

/** A path at which a killed process has left its socket file. */
async function leftPath(t: ExecutionContext): Promise<string> {
  const path = freshPath(t)
  const child = startChild(t, 'listen-and-end.ts', { args: [path, 'stay'] })
  await untilPrinted(child, 'listening')
  child.process.kill('SIGKILL')
  await child.ended
  t.true(existsSync(path))
  return path
}

test('a listener that replaces takes the place of a socket file that was left', async (t) => {
  const path = await leftPath(t)
  t.throws(() => new Listener(path), { code: 'EADDRINUSE', message: /option replace/ })
  const listener = listen(t, path, { replace: true })
  await connected(t, listener)
  await listener.close()
  t.false(existsSync(path))
})

test('a listener that replaces needs nothing to replace', async (t) => {
  t.truthy(await connected(t, listen(t, freshPath(t), { replace: true })))
  await connected(t, listen(t, undefined, { replace: true }))
  await connected(t, listen(t, { host: '127.0.0.1', port: 0 }, { replace: true }))
})

test('a listener that lives is not replaced, and sees no client', async (t) => {
  const path = freshPath(t)
  const listener = listen(t, path)
  for (let n = 0; n < 20; n++) t.throws(() => new Listener(path, { replace: true }), { code: 'EADDRINUSE' })
  const client = await connect(path)
  await client.send('the only one')
  const server = await listener.accept()
  t.is(await server.recv(), 'the only one')
  await Promise.all([client.close(), server.close()])
  const nobody = new Error('nobody else has come')
  const limit = new AbortController()
  const next = listener.accept({ signal: limit.signal })
  await turns()
  limit.abort(nobody)
  t.is(await t.throwsAsync(next), nobody)
})

test('a socket that is bound and does not listen yet is not replaced', async (t) => {
  const path = freshPath(t)
  const program = `import signal, socket\ns = socket.socket(socket.AF_UNIX)\ns.bind(${JSON.stringify(path)})\nprint('bound', flush=True)\nsignal.pause()`
  const child = startProgram(t, 'python3', ['-c', program])
  await untilPrinted(child, 'bound')
  t.throws(() => new Listener(path, { replace: true }), { code: 'EADDRINUSE' })
  t.true(existsSync(path))
  child.process.kill()
  await child.ended
  await connected(t, listen(t, path, { replace: true }))
})

test('a file that is no socket, and a link, are not replaced', (t) => {
  const [file, link] = [freshPath(t), freshPath(t)]
  writeFileSync(file, 'precious')
  symlinkSync(file, link)
  for (const path of [file, link]) {
    t.throws(() => new Listener(path, { replace: true }), { code: 'EADDRINUSE', message: /no socket/ })
  }
  t.throws(() => new Listener(temporaryDirectory(t), { replace: true }), { code: 'EADDRINUSE' })
  t.is(readFileSync(file, 'utf8'), 'precious')
})

test('of many processes that replace at once, one listens', async (t) => {
  const path = await leftPath(t)
  const racers = Array.from({ length: 8 }, () => {
    const child = spawn(process.execPath, [...process.execArgv, fixture('replace.ts'), path], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    t.teardown(() => child.kill('SIGKILL'))
    let said = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
    return { child, said: () => said.trim().split('\n'), ended: once(child, 'exit') }
  })
  const all = async (lines: number): Promise<void> =>
    until(
      () => racers.every(({ said }) => said().length === lines && said()[lines - 1] !== ''),
      'all were expected to answer',
    )
  await all(1)
  for (const { child } of racers) child.stdin.write('go\n')
  await all(2)
  const outcomes = racers.map(({ said }) => said()[1]).toSorted()
  t.deepEqual(outcomes, [...Array<string>(7).fill('EADDRINUSE'), 'listening'])
  const client = await connect(path)
  await client.close()
  for (const { child } of racers) child.stdin.write('end\n')
  await Promise.all(racers.map(({ ended }) => ended))
  t.false(existsSync(path))
})

test('of many listeners of one process that replace at once, one listens', async (t) => {
  const path = await leftPath(t)
  listen(t, path, { replace: true })
  for (let n = 0; n < 50; n++) t.throws(() => new Listener(path, { replace: true }), { code: 'EADDRINUSE' })
})
