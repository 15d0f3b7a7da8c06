import { nameOf, SIZES, sizeNamed } from './sizes.ts'
import { SHOT_SIZE } from './workloads/shot.ts'

/** One line of the report: a workload, and the rival that it is measured with. */
export interface Case {
  /** The heading that the case is reported under, and for a rival of `rivals.ts`, what `workloads.ts` knows it by. */
  workload: string
  rival: string
  /** The program that measures it, if not `near.ts`. */
  by?: Measurer
  /** It is measured only to draw how a figure grows with the size of the messages. */
  curve?: true
}

/** A program that prints a `Sample`, and its arguments, as its own documentation names them. */
export interface Measurer {
  program: 'floor' | 'alone' | 'python' | 'billiard' | 'crowd' | 'pairs' | 'start'
  args: readonly string[]
}

/** Shared memory exists on Linux. */
const hasShared = process.platform === 'linux'
const SHARED = ['carom sync, shared memory', 'carom async, shared memory']

/** The bytes of each of the floor's rings: carom's default. */
const RING = 1024 * 1024

/** The cases that the report has a table of, workload by workload. */
const tabled: readonly Case[] = [
  ...['64 B', '1 MiB'].flatMap((size) =>
    workload(`round trip, ${size}`, {
      ...floor('round-trip', sizeNamed(size)),
      ...(size === '64 B' && floor('round-trip', 64, ', spin 50', ['--spin', '50'])),
      ...rivals(
        'carom sync',
        'carom async',
        'carom async, forEach',
        'carom sync, spin 0',
        'carom async, spin 0',
        'carom async, spin 50',
      ),
      ...shared('round-trip', sizeNamed(size), 'carom async, forEach, shared memory'),
      ...pythons('round-trip', size),
      ...rivals('node:fs, blocking', 'node:net, callbacks', 'node:net, iterated', 'MessagePort'),
      ...rivals('zeromq.js', 'fork, advanced', 'node-ipc'),
    }),
  ),
  ...workload('round trip, small object', {
    ...floor('round-trip', SHOT_SIZE),
    ...rivals('carom sync', 'carom async', 'carom async, forEach', 'carom async, spin 50'),
    ...shared('round-trip', SHOT_SIZE, 'carom async, forEach, shared memory'),
    ...pythons('round-trip', 'small object'),
    ...objectRivals(),
  }),

  ...['64 B', '1 KiB'].flatMap((size) =>
    workload(`one way, ${size}`, {
      ...floor('one-way', sizeNamed(size)),
      ...(size === '64 B' && { 'iterating, nothing sent': { program: 'alone', args: ['iteration'] } as const }),
      ...rivals('carom sync', 'carom async', 'carom async, forEach'),
      ...shared('one-way', sizeNamed(size), 'carom async, forEach, shared memory'),
      ...pythons('one-way', size),
      ...rivals('node:fs, blocking', 'node:net, callbacks', 'node:net, iterated', 'MessagePort'),
      ...rivals('zeromq.js', 'fork, advanced', 'node-ipc'),
    }),
  ),
  ...workload('one way, small object', {
    ...floor('one-way', SHOT_SIZE),
    'decoding, nothing sent': { program: 'alone', args: ['decoding'] },
    ...rivals('carom sync', 'carom async', 'carom async, forEach', 'carom async, json'),
    ...shared('one-way', SHOT_SIZE, 'carom async, forEach, shared memory'),
    ...pythons('one-way', 'small object'),
    ...objectRivals(),
  }),
  ...['64 KiB', '1 MiB', '16 MiB'].flatMap((size) =>
    workload(`one way, ${size}`, {
      ...floor('one-way', sizeNamed(size)),
      ...floor('one-way', sizeNamed(size), ', SO_SNDBUF 1 MiB', ['--send-buffer', '1048576']),
      ...rivals('carom sync', 'carom sync, one buffer', 'carom async'),
      ...shared('one-way', sizeNamed(size)),
      ...pythons('one-way', size),
      ...rivals('node:fs, blocking', 'node:net, callbacks', 'node:net, iterated', 'MessagePort'),
      ...rivals('zeromq.js', 'fork, advanced', 'node-ipc'),
    }),
  ),

  ...workload('a message each millisecond, 64 B', {
    ...floor('one-way', 64, '', ['--interval', '1000']),
    ...rivals('carom sync', 'carom sync, spin 0', 'carom async', 'carom async, spin 0', 'carom async, spin 50'),
    ...(hasShared && rivals(...SHARED)),
    ...pythons('one-way', '64 B', ['--interval', '1000']),
    ...rivals('node:fs, blocking', 'node:net, callbacks', 'node:net, iterated', 'MessagePort'),
    ...rivals('zeromq.js', 'fork, advanced', 'node-ipc'),
  }),
  // The cost of the adaptive spin of blocking calls where it can't pay off.
  ...['messages at irregular times, 64 B', 'bursts of messages, 64 B'].flatMap((name) =>
    workload(name, rivals('carom sync, spin 0', 'carom sync')),
  ),
  ...workload(
    'round trips of four pairs, 64 B',
    Object.fromEntries(['carom sync, spin 0', 'carom sync'].map((rival) => [rival, pairs(rival, 'round trip, 64 B')])),
  ),

  ...['carom sync', 'carom async', 'node:net, callbacks'].flatMap((rival) =>
    workload(
      `round trip, 64 B, among idle connections: ${rival}`,
      crowd('round trip', { alone: 0, 'among 10': 10, 'among 1,000': 1000, 'among 10,000': 10_000 }, rival),
    ),
  ),
  ...workload('memory of an idle connection, of 10,000', {
    ...crowd('memory', { 'carom async': 10_000 }, 'carom async'),
    ...crowd('memory', { 'node:net, callbacks': 10_000 }, 'node:net, callbacks'),
  }),
  ...workload('processor time of an idle process', {
    ...crowd('load', { 'carom async, 1 connection': 0, 'carom async, 10,000': 10_000 }, 'carom async'),
    ...crowd('load', { 'node:net, 1 connection': 0, 'node:net, 10,000': 10_000 }, 'node:net, callbacks'),
  }),

  ...workload(
    'start of a process that imports',
    start('import', ['nothing', 'carom', 'msgpackr', 'node-ipc', 'zeromq']),
  ),
  ...workload('start of a process until its first message', start('first-message', ['fork', 'Process'])),
]

/** The other cases of each workload are compared with its first one. */
export const cases: readonly Case[] = [
  ...tabled,
  ...SIZES.flatMap(curve).filter((one) => !tabled.some((other) => sameCase(one, other))),
]

type Rivals = Record<string, Measurer | undefined>

function workload(name: string, of: Rivals): Case[] {
  return Object.entries(of).map(([rival, by]) => ({ workload: name, rival, ...(by && { by }) }))
}

/** The cases that the curves show at a size. */
function curve(size: number): Case[] {
  const name = nameOf(size)
  return ['round trip', 'one way'].flatMap((act) => {
    const program = act.replace(' ', '-')
    const of = {
      ...floor(program, size),
      ...rivals('carom sync', 'carom async'),
      'Python multiprocessing': python('python', program, name),
      ...rivals('node:net, callbacks', 'MessagePort', 'zeromq.js', 'fork, advanced'),
    }
    return workload(`${act}, ${name}`, of).map((one): Case => ({ ...one, curve: true }))
  })
}

function sameCase(one: Case, other: Case): boolean {
  return one.workload === other.workload && one.rival === other.rival
}

function rivals(...names: string[]): Rivals {
  return Object.fromEntries(names.map((name) => [name, undefined]))
}

function objectRivals(): Rivals {
  return {
    ...rivals('node:fs, blocking', 'node:net, callbacks', 'node:net, callbacks, msgpackr'),
    ...rivals('node:net, iterated', 'node:net, iterated, msgpackr', 'MessagePort', 'zeromq.js'),
    ...rivals('fork, json', 'fork, advanced', 'node-ipc'),
  }
}

function floor(act: string, size: number, suffix = '', more: readonly string[] = []): Rivals {
  return { [`floor${suffix}`]: { program: 'floor', args: [act, '--size', String(size), ...more] } }
}

/** The contestants that go through shared memory, its own floor first. */
function shared(act: string, size: number, ...more: readonly string[]): Rivals {
  if (!hasShared) return {}
  return {
    ...floor(act, size, ', shared memory', ['--shared-memory', String(RING)]),
    ...rivals(...SHARED, ...more),
  }
}

function pythons(act: string, message: string, more: readonly string[] = []): Rivals {
  const of = (program: 'python' | 'billiard') => python(program, act, message, more)
  return { 'Python multiprocessing': of('python'), billiard: of('billiard') }
}

function python(program: 'python' | 'billiard', act: string, message: string, more: readonly string[] = []): Measurer {
  const size = message === 'small object' ? 'object' : String(sizeNamed(message))
  return { program, args: [act, size, ...more] }
}

function crowd(what: string, idle: Record<string, number>, rival: string): Rivals {
  return Object.fromEntries(
    Object.entries(idle).map(([name, count]) => [name, { program: 'crowd', args: [what, rival, String(count)] }]),
  )
}

function pairs(rival: string, name: string): Measurer {
  return { program: 'pairs', args: ['4', rival, name] }
}

function start(what: string, of: readonly string[]): Rivals {
  return Object.fromEntries(of.map((name) => [name, { program: 'start', args: [what, name] }]))
}
