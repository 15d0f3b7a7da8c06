/** One line of the report: what is measured, and of whom. */
export interface Case {
  /** A key of `workloads.ts`, and the heading that the case is reported under. */
  workload: string
  /** A key of `rivals.ts`; for the floor, its name in the report. */
  rival: string
  /** The floor program's arguments, if this case is the floor's. */
  floor?: readonly string[]
}

/** The first case of each workload is the floor that the others are compared with. */
export const cases: readonly Case[] = [
  ...workload('round trip, 64 B', {
    floor: ['round-trip', '--size', '64'],
    'floor, spin 50': ['round-trip', '--size', '64', '--spin', '50'],
    'carom sync, spin 0': undefined,
    'carom sync': undefined,
    'carom async': undefined,
    'carom async, spin 50': undefined,
    'node:net, callbacks': undefined,
    'node:net, iterated': undefined,
    'fork, advanced': undefined,
  }),
  ...workload('one way, 64 B', {
    floor: ['one-way', '--size', '64'],
    'carom async': undefined,
    'node:net, callbacks': undefined,
    'node:net, iterated': undefined,
    'fork, advanced': undefined,
  }),
  ...workload('one way, small object', {
    // The bytes that the object has as JSON, without the encoding.
    floor: ['one-way', '--size', '96'],
    'carom async': undefined,
    'node:net, callbacks': undefined,
    'node:net, iterated': undefined,
    'fork, json': undefined,
  }),
  ...workload('one way, 1 MiB', {
    floor: ['one-way', '--size', '1048576'],
    'floor, SO_SNDBUF 1 MiB': ['one-way', '--size', '1048576', '--send-buffer', '1048576'],
    'carom sync': undefined,
    'carom sync, one buffer': undefined,
    'carom async': undefined,
    'node:net, callbacks': undefined,
    'node:net, iterated': undefined,
  }),
]

function workload(name: string, rivals: Record<string, readonly string[] | undefined>): Case[] {
  return Object.entries(rivals).map(([rival, floor]) => ({ workload: name, rival, ...(floor && { floor }) }))
}
