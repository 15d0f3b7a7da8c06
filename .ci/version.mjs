// Gives everything else the version that `npm version` has just written to package.json, before it commits: the crates, the
// platform packages, the generated loader, the changelog.

import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
const repository = 'https://github.com/carom-ipc/carom'

function run(command, ...args) {
  execFileSync(command, args, { stdio: 'inherit' })
}

function replace(file, pattern, replacement) {
  const text = readFileSync(file, 'utf8')
  if (!pattern.test(text)) throw new Error(`${file} has nothing like ${pattern}`)
  writeFileSync(file, text.replace(pattern, replacement))
}

const date = new Date().toISOString().slice(0, 10)
// A release without an entry has nothing that users would notice.
replace('CHANGELOG.md', /^## \[Unreleased\]\n(?=\n### )/m, `## [Unreleased]\n\n## [${version}] - ${date}\n`)
replace(
  'CHANGELOG.md',
  /^\[Unreleased\]: .*$/m,
  `[Unreleased]: ${repository}/compare/v${version}...HEAD\n[${version}]: ${repository}/releases/tag/v${version}`,
)
replace('Cargo.toml', /^version = ".*"$/m, `version = "${version}"`)
for (const manifest of ['Cargo.toml', 'fuzz/Cargo.toml'])
  run('cargo', 'update', '--quiet', '--workspace', '--manifest-path', manifest)
run('npx', 'napi', 'version')
run('git', 'add', 'CHANGELOG.md', 'Cargo.toml', 'Cargo.lock', 'fuzz/Cargo.lock', 'npm')
