// The rule of this suite: a test file ends with as many open descriptors as it began with.

import { readdirSync, readlinkSync } from 'node:fs'
import type { TestFn } from 'ava'
import { pipe, wait } from 'carom'
import { overSharedMemory, TRANSPORT } from './transport.ts'
import { until } from './until.ts'

const FOLDER = process.platform === 'linux' ? '/proc/self/fd' : '/dev/fd'

export function openDescriptors(): Map<number, string> {
  const open = new Map<number, string>()
  if (process.platform === 'win32') return open
  for (const name of readdirSync(FOLDER)) {
    // The descriptor that lists the folder is gone by now, and so is its link.
    const target = targetOf(name)
    if (target !== undefined) open.set(Number(name), target)
  }
  return open
}

function targetOf(name: string): string | undefined {
  if (process.platform !== 'linux') return name
  try {
    return readlinkSync(`${FOLDER}/${name}`)
  } catch {
    return undefined
  }
}

/**
 * The descriptors that an environment opens once and keeps for its lifetime (the reactor's poller, Node's signal pipe) are opened here,
 * so that it counts as there from the beginning.
 */
export async function openOncePerProcess(): Promise<void> {
  const ignore = (): void => {}
  process.on('SIGUSR2', ignore)
  process.off('SIGUSR2', ignore)
  const [a, b] = pipe()
  const arrived = b.recv()
  await a.send('warm-up')
  await arrived
  await wait([a], { timeout: 0 })
  await Promise.all([a.close(), b.close()])
  if (overSharedMemory) for (const end of pipe(TRANSPORT)) await end.close()
}

/** Fails unless at most as many descriptors as in `before` are open, now or before the deadline. */
export async function expectNoMoreDescriptorsThan(before: Map<number, string>): Promise<void> {
  const extra = (): string[] =>
    [...openDescriptors()]
      .filter(([fd, target]) => before.get(fd) !== target)
      .map(([fd, target]) => `${fd} → ${target}`)
  await until(
    () => openDescriptors().size <= before.size,
    () => `descriptors left open: ${extra().join(', ')}`,
  )
}

/** Call it once at the top of a spec file. */
export function checkDescriptors(test: TestFn): void {
  let before = new Map<number, string>()
  test.serial.before('count the open descriptors', async () => {
    await openOncePerProcess()
    before = openDescriptors()
  })
  test.serial.after.always('no descriptor is left open', async () => {
    await expectNoMoreDescriptorsThan(before)
  })
}
