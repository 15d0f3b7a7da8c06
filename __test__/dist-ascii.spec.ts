// A character outside ASCII has V8 hold the whole file as two bytes a character, which takes longer to load.

import { readdirSync, readFileSync } from 'node:fs'
import test from 'ava'

const dist = new URL('../dist/', import.meta.url)

test('the built files are ASCII', (t) => {
  const files = readdirSync(dist).filter((name) => name.endsWith('.cjs') || name.endsWith('.js'))
  t.true(files.includes('index.cjs'))
  // oxlint-disable-next-line no-control-regex -- all of ASCII is meant
  const others = files.filter((name) => !/^[\0-\x7f]*$/.test(readFileSync(new URL(name, dist), 'utf8')))
  t.deepEqual(others, [])
})
