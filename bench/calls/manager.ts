import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

import { connectManager } from 'carom/managers'
import { ndarray } from 'carom/python'

import { root } from '../places.ts'
import type { Programs, Way } from './way.ts'

export const MANAGER: string = join(root, 'bench/calls/python/manager.py')

/** carom's client of a Python manager. */
export async function openManager({ python }: Programs): Promise<Way> {
  const child = spawn(python, [MANAGER, 'server'], { stdio: ['pipe', 'pipe', 'inherit'] })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const manager = await connectManager(line.toString().trim(), { authkey: 'bench' })
  const service = await manager.create('service')
  return {
    add: (a, b) => service.add!(a, b) as Promise<number>,
    give: (array) => service.give!(ndarray(array, [array.length])) as Promise<[number, number]>,
    take: () => service.take!() as Promise<Float64Array>,
    async close() {
      await manager.close()
      const exited = once(child, 'exit')
      child.stdin.end()
      await exited
    },
  }
}
