// `retry: true`: a client that is earlier than its listener.

import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { connect, connectSync, Listener, TimeoutError } from 'carom'
import { startChild } from './children.ts'
import { checkDescriptors } from './descriptors.ts'
import { KEYED } from './handshakes.ts'
import { freshPath, listen, OWN_HOST } from './listeners.ts'

checkDescriptors(test)

test('a client that retries reaches a listener that is made later', async (t) => {
  for (const options of [{}, KEYED]) {
    const path = freshPath(t)
    const connecting = connect(path, { retry: true, ...options })
    await sleep(30)
    const listener = listen(t, path, options)
    const [client, server] = await Promise.all([connecting, listener.accept()])
    await client.send('early')
    t.is(await server.recv(), 'early')
    await Promise.all([client.close(), server.close()])
  }
})

test('a client that retries reaches a TCP listener that is made later', async (t) => {
  const probe = new Listener({ host: OWN_HOST, port: 0 })
  const { address } = probe
  await probe.close()
  const connecting = connect(address, { retry: true })
  await sleep(30)
  const listener = listen(t, address)
  const [client, server] = await Promise.all([connecting, listener.accept()])
  t.deepEqual([client.closed, server.closed], [false, false])
  await Promise.all([client.close(), server.close()])
})

test('connectSync retries too, while a process starts that is to listen', async (t) => {
  const path = freshPath(t)
  const child = startChild(t, 'listen.ts', { args: [JSON.stringify(path), '{}', 'async'] })
  const client = connectSync(path, { retry: true })
  client.sendSync('sync')
  t.is(client.recvSync(), 'sync')
  await client.send('async')
  t.is(await client.recv(), 'async')
  await client.close()
  t.is((await child.ended).code, 0)
})

for (const [name, call] of [
  ['connect', connect],
  ['connectSync', async (path: string, options: { retry: boolean; timeout: number }) => connectSync(path, options)],
] as const) {
  test(`${name} that retries in vain is a TimeoutError whose cause is the last failure`, async (t) => {
    const path = freshPath(t)
    const begin = performance.now()
    const error = await t.throwsAsync(() => call(path, { retry: true, timeout: 150 }), {
      instanceOf: TimeoutError,
      message: /within 150 ms.*no such socket \(ENOENT\)/,
    })
    t.true(performance.now() - begin >= 149)
    t.like(error.cause, { code: 'ENOENT', syscall: 'connect', address: path })
  })

  test(`${name} does not retry where it can’t help, or was not asked to`, async (t) => {
    await t.throwsAsync(() => call(freshPath(t), { retry: false, timeout: 60_000 }), { code: 'ENOENT' })
    await t.throwsAsync(() => call('/dev/null/socket', { retry: true, timeout: 60_000 }), { code: 'ENOTDIR' })
  })
}

test('an abort ends the retries, with its reason', async (t) => {
  const controller = new AbortController()
  const connecting = connect(freshPath(t), { retry: true, signal: controller.signal })
  await sleep(20)
  const reason = new Error('enough')
  controller.abort(reason)
  t.is(await t.throwsAsync(connecting), reason)
})
