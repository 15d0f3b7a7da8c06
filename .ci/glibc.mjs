// Prints the glibc that a binary needs, and fails where it is newer than the one that Node 20 itself needs: it is to be run wherever one
// is built for a release.
//
//   node .ci/glibc.mjs carom.linux-x64-gnu.node

import { execFileSync } from 'node:child_process'

/** As major and minor number. */
const NEWEST = [2, 28]

const files = process.argv.slice(2)
if (files.length === 0) throw new Error('usage: node .ci/glibc.mjs FILE…')
for (const file of files) {
  const versions = execFileSync('readelf', ['--version-info', '--wide', file], { encoding: 'utf8' })
  const needed = [...versions.matchAll(/Name: GLIBC_(\d+)\.(\d+)/g)]
    .map(([, major, minor]) => [Number(major), Number(minor)])
    .toSorted(([a, b], [c, d]) => a - c || b - d)
    .at(-1)
  if (!needed) throw new Error(`${file} needs no glibc: it was built for another C library`)
  console.log(`${file} needs glibc ${needed.join('.')}`)
  if (needed[0] > NEWEST[0] || needed[1] > NEWEST[1]) {
    console.error(`${file} must load with glibc ${NEWEST.join('.')}: build it as .github/gnu.sh does`)
    process.exitCode = 1
  }
}
