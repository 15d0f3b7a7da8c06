// carom at work: two processes over one pipe. The parent (here) is asynchronous, the child (child.ts) blocks.
//
//     npm run demo [-- folder]
//
// It sends a folder's files to the child and gets their digests back, then shows how fast raw messages go. It exits with 1 when
// anything arrives otherwise than it was sent.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { extname, join, resolve } from 'node:path'

import { pipe } from 'carom'

import { hashFiles } from './files.ts'
import type { Job, Report } from './messages.ts'
import { pingPong } from './ping-pong.ts'
import { summary } from './summary.ts'
import { receiveMany, sendMany } from './throughput.ts'

const SECONDS = 3
const MIB = 1024 * 1024

const folder = resolve(process.argv[2] ?? '.')

const [connection, childsEnd] = pipe<Report, Job>()
const child = spawn(
  process.execPath,
  [...process.execArgv, join(import.meta.dirname, `child${extname(import.meta.filename)}`)],
  {
    stdio: ['inherit', 'inherit', 'inherit', childsEnd.fd],
  },
)
// The child has its own copy now. While this one is open, the parent would never see that the child has ended.
await childsEnd.close()
const exited = once(child, 'exit')

console.log(`parent ${process.pid} (async) and child ${child.pid} (sync), files under ${folder}\n`)
try {
  const phases = [
    await hashFiles(connection, folder),
    await sendMany(connection, 64, SECONDS),
    await receiveMany(connection, 64, SECONDS),
    await sendMany(connection, MIB, SECONDS),
    await receiveMany(connection, MIB, SECONDS),
    pingPong(connection, SECONDS),
  ]
  await connection.close()
  const [code] = (await exited) as [number | null]
  if (code !== 0) throw new Error(`the child exited with ${code}`)
  console.log(`\n${summary(phases)}\n\nAll arrived as it was sent.`)
} catch (error) {
  console.error(error)
  child.kill()
  process.exitCode = 1
  await connection.close()
}
