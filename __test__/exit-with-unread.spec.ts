// A process ends by itself when nothing is left to do: it doesn't wait for bytes that only it could receive.

import test from 'ava'
import { startProgram } from './children.ts'
import { checkDescriptors } from './descriptors.ts'

checkDescriptors(test)

const setUp = `
  import { pipe, spawn, Process } from 'carom'
  const [a, b] = (globalThis.ends = pipe())
  const large = Buffer.alloc(1e6)
  const ignore = () => {}
`

const ending: [title: string, program: string][] = [
  ['unsent bytes', `a.sendBytes(large)`],
  ['unsent bytes of an end that is closed', `a.sendBytes(large); a.close()`],
  ['unsent bytes both ways, both ends closed', `a.sendBytes(large); b.sendBytes(large); a.close(); b.close()`],
  [
    'a large message in which the other end waits no longer',
    `
    a.sendBytes(large)
    const aborted = new AbortController()
    b.recvBytes(undefined, { signal: aborted.signal }).catch(ignore)
    aborted.abort()`,
  ],
  [
    'unsent bytes for a program that can’t be started',
    `
    spawn('/no/such/program', [], { connections: [b] }).on('error', ignore)
    a.sendBytes(large).catch(ignore)`,
  ],
  [
    'unsent bytes for a child that has ended',
    `
    spawn('true', [], { connections: [b] })
    a.sendBytes(large).catch(ignore)`,
  ],
  [
    'unsent bytes for a process whose import fails',
    `
    new Process('data:text/javascript,throw 1', { args: [b] }).start().catch(ignore)
    a.sendBytes(large).catch(ignore)`,
  ],
]

for (const [title, program] of ending) {
  test(`a process ends by itself, with ${title}`, async (t) => {
    const args = ['--input-type=module', '-e', setUp + program]
    t.like(await startProgram(t, process.execPath, args).ended, { code: 0, signal: null, stderr: '' })
  })
}

/** A child that reads all of the message from descriptor 3, and prints how many bytes there were. */
const reader = `
  const { readSync } = require('node:fs')
  let bytes = 0
  for (const some = Buffer.alloc(65536); bytes < 1000004; ) bytes += readSync(3, some)
  console.log(bytes)`
const read = (connection: string, more = ''): string => `
  const options = { connections: [${connection}], stdio: ['ignore', 'inherit', 'inherit']${more} }
  spawn(process.execPath, ['-e', ${JSON.stringify(reader)}], options).unref()`

const delivering: [title: string, program: string][] = [
  ['handed over', read('b')],
  ['shared, and kept here', read('b', ', keep: true')],
  ['given by its number', read('b.fd')],
  ['detached, and adopted elsewhere', read('b.detach()')],
  ['received here, a little later', `setTimeout(async () => console.log((await b.recvBytes()).length + 4), 50)`],
  ['received here meanwhile', `b.recvBytes().then((bytes) => console.log(bytes.length + 4))`],
]

for (const [title, program] of delivering) {
  test(`a process that ends by itself delivers messages that an end that is ${title} will receive`, async (t) => {
    const args = ['--input-type=module', '-e', `${setUp}; ${program}; a.sendBytes(large)`]
    t.like(await startProgram(t, process.execPath, args).ended, { code: 0, stdout: '1000004\n', stderr: '' })
  })
}
