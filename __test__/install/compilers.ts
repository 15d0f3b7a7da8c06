// Compilers of TypeScript from 5.0 on, with everything that they can check of the typings.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { repository } from './packages.ts'
import { withoutRust } from './project.ts'
import { run, step } from './steps.ts'
import { tools } from './tools.ts'

/** The oldest that the typings are for, one in between, and the tree's own; each with typings of Node that it understands. */
const VERSIONS = [
  { typescript: '5.0.4', '@types/node': '20.17.6' },
  { typescript: '5.4.5', '@types/node': '20.17.6' },
]

const RESOLUTIONS = [
  ['node16', 'node16'],
  ['esnext', 'bundler'],
  ['commonjs', 'node10'],
] as const

/** Uses each entry, from either kind of module. */
const PROGRAM = `
import * as carom from 'carom'
import { call, remote, serve } from 'carom/calls'
import { type AnyManagerProxy, connectManager, ManagerServer } from 'carom/managers'
import { pickle, PythonTuple } from 'carom/python'
import { SharedMemory } from 'carom/shared-memory'

const functions = { add: (a: number, b: number): number => a + b }

export async function use(): Promise<number> {
  const [a, b]: [carom.Connection, carom.Connection] = carom.pipe({ codec: pickle({ tuples: true }) })
  const signal: AbortSignal = AbortSignal.timeout(1000)
  await a.send(PythonTuple.of(1, 2))
  await b.recv({ signal })
  void serve(a, functions)
  const memory: ArrayBuffer = SharedMemory.open('name').buffer
  void memory
  const there = remote<typeof functions>(b)
  const sum: number = await there.add(1, 2)
  const again: number = await call(there, 'add', [1, 2], { timeout: 1000 })
  for await (const message of a) void message
  const manager = await connectManager('/run/manager', { authkey: 'key' })
  const queue: AnyManagerProxy = await manager.create('Queue')
  const model = await manager.create<typeof functions>('model')
  const third: number = await model.add(1, 2)
  void call(queue, 'get', [third])
  void new ManagerServer(undefined, { authkey: 'key', objects: { functions: () => functions } }).close()
  const listener: carom.Listener = new carom.Listener()
  const ready: carom.Waitable[] = await carom.wait<carom.Waitable>([a, 3], { timeout: 0 })
  listener.close()
  return sum + again + ready.length
}
`

export async function compileWith(folder: string): Promise<void> {
  for (const name of ['typings.mts', 'typings.cts', 'typings.ts']) await writeFile(join(folder, name), PROGRAM)
  const compile = async (tsc: string, types: string, resolutions: readonly (readonly [string, string])[]) => {
    for (const [module, resolution] of resolutions) {
      const options = ['--module', module, '--moduleResolution', resolution, '--target', 'es2022', '--strict']
      const lib = ['--lib', 'es2022', '--types', 'node', '--typeRoots', types, '--skipLibCheck', 'false', '--noEmit']
      const files = resolution === 'node16' ? ['typings.mts', 'typings.cts'] : ['typings.ts']
      await run(folder, process.execPath, [tsc, ...options, ...lib, ...files], withoutRust())
    }
  }
  for (const versions of VERSIONS) {
    const installed = join(await tools('typescript', versions), 'node_modules')
    await step(`TypeScript ${versions.typescript} checks the typings, in every resolution`, () =>
      compile(join(installed, 'typescript/bin/tsc'), join(installed, '@types'), RESOLUTIONS),
    )
  }
  const own = join(repository, 'node_modules')
  await step('the newest TypeScript checks the typings, in every resolution that it has', () =>
    compile(join(own, 'typescript/bin/tsc'), join(own, '@types'), RESOLUTIONS.slice(0, 2)),
  )
}
