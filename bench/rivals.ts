import type { Rival } from './rival.ts'

const caromSync = () => import('./rivals/carom-sync.ts')
const caromAsync = () => import('./rivals/carom-async.ts')
const net = () => import('./rivals/net/index.ts')
const valueCodec = () => import('./rivals/net/value-codec.ts')
const fork = () => import('./rivals/fork.ts')

/** Every rival by name. Each is loaded when it is asked for, so that one that can't be loaded fails alone. */
const rivals: Record<string, () => Promise<Rival>> = {
  'carom sync': async () => (await caromSync()).caromSync(),
  'carom sync, spin 0': async () => (await caromSync()).caromSync({ spin: 0 }),
  'carom sync, one buffer': async () => (await caromSync()).caromSync({ into: 1 << 24 }),
  'carom async': async () => (await caromAsync()).caromAsync(),
  'carom async, forEach': async () => (await caromAsync()).caromForEach(),
  'carom async, json': async () => (await caromAsync()).caromAsync({ codec: 'json' }),
  'carom async, spin 0': async () => (await caromAsync()).caromAsync({ spin: 0 }),
  'carom async, spin 50': async () => (await caromAsync()).caromAsync({ spin: 50 }),
  'carom sync, shared memory': async () => (await caromSync()).caromSync({ transport: 'shared-memory' }),
  'carom async, shared memory': async () => (await caromAsync()).caromAsync({ transport: 'shared-memory' }),
  'carom async, forEach, shared memory': async () => (await caromAsync()).caromForEach({ transport: 'shared-memory' }),
  'node:net, callbacks': async () => (await net()).netCallback(),
  'node:net, callbacks, msgpackr': async () => (await net()).netCallback((await valueCodec()).msgpackFrames),
  'node:net, iterated': async () => (await net()).netIterated(),
  'node:net, iterated, msgpackr': async () => (await net()).netIterated((await valueCodec()).msgpackFrames),
  'fork, advanced': async () => (await fork()).forkChannel('advanced'),
  'fork, json': async () => (await fork()).forkChannel('json'),
  MessagePort: async () => (await import('./rivals/message-port.ts')).messagePort(),
  'zeromq.js': async () => (await import('./rivals/zeromq.ts')).zeroMq(),
  'node-ipc': async () => (await import('./rivals/node-ipc.ts')).nodeIpc(),
  'node:fs, blocking': async () => (await import('./rivals/fs-sync.ts')).fsSync(),
}

export async function rivalNamed(name: string): Promise<Rival> {
  const load = rivals[name]
  if (!load) throw new RangeError(`no rival is called ${JSON.stringify(name)}`)
  return load()
}
