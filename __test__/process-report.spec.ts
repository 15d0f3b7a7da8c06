// The reports that a child may make, and may not make, to the parent that waits for its start.

import test, { type ExecutionContext } from 'ava'
import { Process, StartError } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { until } from './until.ts'

checkDescriptors(test)

/** A module that runs `code` while it is imported. `say` writes one message to descriptor 3. */
function moduleOf(code: string): string {
  const program = `
    import { spawn } from 'node:child_process'
    import { closeSync, writeSync } from 'node:fs'
    const header = (length) => { const four = Buffer.alloc(4); four.writeInt32BE(length); return four }
    const say = (text, length = Buffer.byteLength(text)) => { writeSync(3, header(length)); writeSync(3, text) }
    const stay = () => new Promise(() => setInterval(() => {}, 60_000))
    ${code}
    export default () => {}`
  return `data:text/javascript,${encodeURIComponent(program)}`
}

const options = { stdio: 'ignore', name: 'child', execArgv: [] } as const

/** The error that `start` rejects with, where the module does `code`. */
async function failure(t: ExecutionContext, code: string): Promise<StartError> {
  await using child = new Process(moduleOf(code), options)
  return (await t.throwsAsync(() => child.start(), { instanceOf: StartError })) as StartError
}

const told: [title: string, code: string, message: RegExp][] = [
  ['no JSON', `say('{'); await stay()`, /^child sent no valid report of its start: .*JSON/],
  ['no object', `say('null'); await stay()`, /^child sent no valid report of its start: a report must be an object/],
  ['a failure that is none', `say('{"failure":3}'); await stay()`, /a failure must be an object/],
  [
    'a message without end',
    `say('x', 2 ** 30); await stay()`,
    /^child sent no valid report of its start: .*1073741824 bytes/,
  ],
  ['a malformed length', `say('x', -5); await stay()`, /^child /],
  [
    'nothing, and closes its descriptor',
    `closeSync(3); await stay()`,
    /^child closed its descriptor 3, which is carom's, and still runs before/,
  ],
  [
    'half a report, and ends',
    `say('{"fail', 50); process.exit(4)`,
    /^child exited with 4 before it had imported data:/,
  ],
  ['nothing, and ends', `process.exit(4)`, /^child exited with 4 before it had imported data:/],
  [
    'nothing, and is killed',
    `process.kill(process.pid, 'SIGKILL')`,
    /^child was ended by SIGKILL before it had imported data:/,
  ],
  [
    'nothing, since it awaits for ever',
    `await new Promise(() => {})`,
    /exited with 0 before it had imported data:.*: it called process.exit, or an await at its top level never settled$/,
  ],
  [
    'that it throws later',
    `setTimeout(() => { throw new RangeError('late') }); await stay()`,
    /^child could not import data:.*: late$/,
  ],
  [
    'that nobody handles a rejection',
    `void Promise.reject(new RangeError('late'))`,
    /^child could not import data:.*: late$/,
  ],
  ['a thrown value without a text', `throw { toString() { throw 1 } }`, /something that has no text was thrown/],
  [
    'an error whose getters throw',
    `throw Object.defineProperty(new Error('x'), 'message', { get() { throw 1 } })`,
    /could not import/,
  ],
  ['an error of a megabyte', `throw new Error('x'.repeat(2 ** 20))`, /could not import data:.*: x+…$/],
]

for (const [title, code, message] of told) {
  test(`a child that reports ${title}, makes start fail`, async (t) => {
    t.regex((await failure(t, code)).message, message)
  })
}

test('everything that a report contains is taken as text', async (t) => {
  const texts =
    '{"doing":[],"name":{"x":1},"message":{},"stack":5,"code":[],"__proto__":{"message":"inherited"},"cause":1}'
  const error = await failure(t, `say('{"failure":${texts}}'); await stay()`)
  t.is(error.message, 'child could not start: ')
  const cause = error.cause as Error & { code?: unknown }
  t.like(cause, { name: 'Error', message: '', code: undefined, stack: 'Error: ', cause: undefined })
  t.is(Object.getPrototypeOf(cause), Error.prototype)
})

test('a child that reports without end is not listened to', async (t) => {
  const code = `const ready = '{}'; try { for (;;) say(ready) } catch {} await stay()`
  await using child = new Process(moduleOf(code), options)
  await child.start()
  child.kill()
  t.true(await child.join())
})

if (process.platform !== 'win32') {
  const heir = `
    spawn('sleep', ['600'], { stdio: ['ignore', 'ignore', 'ignore', 3] }).unref()
    await new Promise((resolve) => setTimeout(resolve, 50))`

  for (const how of ['start', 'joinSync'] as const) {
    test(`a child whose own child holds its descriptor, and that ends, makes ${how} fail`, async (t) => {
      const child = new Process(moduleOf(`${heir}; process.exit(4)`), { ...options, detached: true })
      t.teardown(() => {
        process.kill(-child.pid!, 'SIGKILL')
        child.close()
      })
      const expected = { instanceOf: StartError, message: /^child exited with 4 before it had imported/ }
      const starting = child.start()
      if (how === 'start') await t.throwsAsync(starting, expected)
      else {
        starting.catch(() => {})
        t.throws(() => child.joinSync(), expected)
      }
      await until(() => child.exitCode === 4, 'its exit is not known')
    })
  }
}
