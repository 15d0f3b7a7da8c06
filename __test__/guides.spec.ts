// The programs of the guides: each block of JavaScript that is followed by a block of text prints just that.

import { readFileSync, readdirSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { startProgram, wellWith } from './children.ts'

const docs = fileURLToPath(new URL('../docs/', import.meta.url))
const guides = [
  'end-of-stream.md',
  'from-python.md',
  'request-and-reply.md',
  'server.md',
  'timeouts.md',
  // Shared memory is Linux's.
  ...(process.platform === 'linux' ? ['transports.md'] : []),
]

for (const guide of guides) {
  const text = readFileSync(join(docs, guide), 'utf8')
  const programs = [...text.matchAll(/^```js\n(.*?)^```\n\n```text\n(.*?)^```$/gms)]
  for (const [n, [, program = '', printed = '']] of programs.entries()) {
    test(`${guide}: program ${n + 1} prints what the guide says`, async (t) => {
      // In the package, so that it is found by its name.
      const build = fileURLToPath(new URL('../build/', import.meta.url))
      await mkdir(build, { recursive: true })
      const folder = await mkdtemp(join(build, 'guide-'))
      t.teardown(() => rm(folder, { recursive: true }))
      const file = join(folder, 'program.mjs')
      await writeFile(file, program)
      t.deepEqual(await startProgram(t, process.execPath, ['--no-warnings', file]).ended, wellWith(printed))
    })
  }
}

test('every guide has a program that was run', (t) => {
  for (const guide of guides) {
    const text = readFileSync(join(docs, guide), 'utf8')
    t.is(text.split('```js\n').length, text.split('```text\n').length, guide)
  }
  t.true(readdirSync(docs).includes('errors.md'))
})
