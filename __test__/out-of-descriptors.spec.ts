// Where no descriptor is left, a call fails, says so, and leaves none open.

import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { startProgram } from './children.ts'
import { checkDescriptors } from './descriptors.ts'

checkDescriptors(test)

const fixture = fileURLToPath(new URL('./fixtures/short-of-descriptors.mjs', import.meta.url))

interface Line {
  left: number
  code?: string
  message?: string
}

/** The outcomes of `call` in a program with ever more descriptors left, from `least` on. */
async function tried(t: ExecutionContext, call: string, state: string, least = 0): Promise<Line[]> {
  const shell = `ulimit -n 80; exec ${process.execPath} ${fixture} ${call} ${state} ${least}`
  const { code, stdout, stderr } = await startProgram(t, 'sh', ['-c', shell]).ended
  t.deepEqual([code, stderr], [0, ''])
  const lines = stdout.trim().split('\n')
  return lines.map((line) => JSON.parse(line) as Line)
}

const sum = (lines: Line[]): number => lines.reduce((total, { left }) => total + left, 0)

const both = ['pipe', 'Listener', 'connect', 'connectSync', 'wait', 'Process', 'daemon', 'spawn']
const cases = [
  ...both.map((call) => [call, 'cold'] as const),
  ...[...both, 'send', 'accept', 'acceptSync'].map((call) => [call, 'warm'] as const),
]

if (process.platform === 'linux') {
  for (const [call, state] of cases) {
    const first = state === 'cold' ? ', as the first of all calls,' : ''
    test(`${call}${first} leaves no descriptor open when it fails because none is free`, async (t) => {
      const lines = await tried(t, call, state)
      t.true(lines.length > 1)
      // Either call, the failed or the successful one, may have opened the descriptors that a thread opens once.
      t.is(sum(lines), sum(await tried(t, call, state, 40)), JSON.stringify(lines))
      for (const { code: failed, message } of lines.slice(0, -1)) {
        t.is(failed, 'EMFILE', message)
        t.regex(message!, /EMFILE/)
      }
    })
  }
}
