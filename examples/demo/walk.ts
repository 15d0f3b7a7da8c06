import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** Left out: what git and Cargo write there may change while it is read. */
const SKIPPED = new Set(['.git', 'target'])

/** The plain files under `folder`, at any depth. What can't be read is passed over. */
export async function* walk(folder: string): AsyncGenerator<string> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  for (const entry of entries) {
    const path = join(folder, entry.name)
    if (entry.isFile()) yield path
    else if (entry.isDirectory() && !SKIPPED.has(entry.name)) yield* walk(path)
  }
}
