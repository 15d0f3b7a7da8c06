import type { Rival } from './rival.ts'

/** Every rival by name. Each is loaded when it is asked for, so that one that can't be loaded fails alone. */
const rivals: Record<string, () => Promise<Rival>> = {
  'carom sync': async () => (await import('./rivals/carom-sync.ts')).caromSync(),
  'carom sync, spin 0': async () => (await import('./rivals/carom-sync.ts')).caromSync({ spin: 0 }),
  'carom sync, one buffer': async () => (await import('./rivals/carom-sync.ts')).caromSync({ into: 1 << 20 }),
  'carom async': async () => (await import('./rivals/carom-async.ts')).caromAsync(),
  'carom async, spin 50': async () => (await import('./rivals/carom-async.ts')).caromAsync({ spin: 50 }),
  'node:net, callbacks': async () => (await import('./rivals/net/index.ts')).netCallback(),
  'node:net, iterated': async () => (await import('./rivals/net/index.ts')).netIterated(),
  'fork, advanced': async () => (await import('./rivals/fork.ts')).forkChannel('advanced'),
  'fork, json': async () => (await import('./rivals/fork.ts')).forkChannel('json'),
}

export async function rivalNamed(name: string): Promise<Rival> {
  const load = rivals[name]
  if (!load) throw new RangeError(`no rival is called ${JSON.stringify(name)}`)
  return load()
}
