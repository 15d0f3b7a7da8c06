import type { Open } from './way.ts'

/** Each way, loaded in the process that measures it. */
export const ways: Record<string, () => Promise<Open>> = {
  bare: async () => (await import('./bare.ts')).openBare,
  'carom-node': async () => (await import('./carom.ts')).openNode,
  'carom-python': async () => (await import('./carom.ts')).openPython,
  'carom-manager': async () => (await import('./manager.ts')).openManager,
  'fork-json': async () => (await import('./fork.ts')).openFork('json'),
  'fork-advanced': async () => (await import('./fork.ts')).openFork('advanced'),
  comlink: async () => (await import('./comlink.ts')).openComlink,
  pythonia: async () => (await import('./pythonia.ts')).openPythonia,
  'python-shell': async () => (await import('./python-shell.ts')).openPythonShell,
  'http-node': async () => (await import('./http.ts')).openNodeServer,
  'http-python': async () => (await import('./http.ts')).openPythonServer,
}
