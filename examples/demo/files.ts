import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { relative } from 'node:path'

import type { Connection } from 'carom'

import type { Job, Report } from './messages.ts'
import { type Done, Progress } from './progress.ts'
import { walk } from './walk.ts'

const MOST_SECONDS = 15
const LARGEST = 64 * 1024 * 1024

interface Sent {
  path: string
  size: number
  /** The expected digest: the parent hashes each file as well. */
  digest: Buffer
}

/** Sends every file under `folder` to the child, an object then its bytes; takes the digests as they come, and checks them. */
export async function hashFiles(connection: Connection<Report, Job>, folder: string): Promise<Done> {
  const progress = new Progress('files out, SHA-256 digests back')
  const sent: Sent[] = []
  // Both at once: the child blocks while it sends a digest, so a parent that sent first and received later would block it.
  const [, checked] = await Promise.all([sendFiles(), receiveDigests()])
  assert.notEqual(sent.length, 0, `there is no file to read under ${folder}`)
  return progress.done(`${checked} files, in order, each with the size and the digest that this process computed`)

  async function sendFiles(): Promise<void> {
    for await (const path of walk(folder)) {
      if (progress.seconds > MOST_SECONDS) break
      const content = await read(path)
      if (!content) continue
      const name = relative(folder, path)
      const digest = createHash('sha256').update(content).digest()
      sent.push({ path: name, size: content.length, digest })
      await connection.send({ job: 'hash', path: name, size: content.length })
      await connection.sendBytes(content)
      progress.add(2, content.length)
    }
    await connection.send({ job: 'total' })
  }

  /** How many digests were checked. */
  async function receiveDigests(): Promise<number> {
    let files = 0
    let bytes = 0
    for await (const report of connection) {
      if (report.report === 'total') {
        assert.deepEqual(
          report,
          { report: 'total', messages: sent.length, bytes, wrong: 0 },
          'the child counts otherwise',
        )
        assert.equal(files, sent.length, 'digests are missing')
        return files
      }
      const digest = await connection.recvBytes()
      const expected = sent[files++]
      assert.equal(report.path, expected?.path, 'the digests come in another order')
      assert.equal(report.size, expected?.size, `${report.path} arrived with another size`)
      assert.ok(expected && digest.equals(expected.digest), `${report.path} has another digest`)
      bytes += report.size
      progress.add(2, digest.length)
    }
    throw new Error('the child has gone before all files were hashed')
  }
}

/** A file's content; nothing if it is too large for a demonstration, or has gone, or may not be read. */
async function read(path: string): Promise<Buffer | undefined> {
  try {
    return (await stat(path)).size <= LARGEST ? await readFile(path) : undefined
  } catch {
    return undefined
  }
}
