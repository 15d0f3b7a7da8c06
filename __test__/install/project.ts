// A user's project: an empty folder in which the packed tarballs are installed.

import { mkdirSync, writeFileSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { repository, type Packed } from './packages.ts'
import { run } from './steps.ts'

export type Manager = 'npm' | 'pnpm'

/** Stands in front of the path: who looks for Rust finds none there. A distribution's shares its folder with npm. */
const NO_RUST = join(repository, 'node_modules/.cache/carom-no-rust')

/** The environment without a Rust toolchain, and without what this process was started with by npm. */
export function withoutRust(): NodeJS.ProcessEnv {
  mkdirSync(NO_RUST, { recursive: true })
  for (const name of ['cargo', 'rustc', 'rustup'])
    writeFileSync(join(NO_RUST, name), `#!/bin/sh\necho 'there is no ${name}' >&2\nexit 127\n`, { mode: 0o755 })
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_OPTIONS)/.test(name)))
  return { ...env, PATH: [NO_RUST, process.env['PATH'] ?? ''].join(delimiter) }
}

/** Installs carom in `folder`. No registry is asked: the tarballs stand for all that it depends on. */
export async function install(folder: string, manager: Manager, packed: Packed): Promise<void> {
  await mkdir(folder, { recursive: true })
  // Of tarballs, unlike of packages from a registry, pnpm installs also those that are for other platforms: "-" is none.
  const fits = (name: string): boolean => manager === 'npm' || name === packed.own
  const overrides = Object.fromEntries(
    [...packed.platforms].map(([name, tarball]) => [name, fits(name) ? `file:${tarball}` : '-']),
  )
  const manifest = {
    name: 'project',
    private: true,
    type: 'module',
    dependencies: { carom: `file:${packed.root}` },
    ...(manager === 'npm' ? { overrides } : { pnpm: { overrides } }),
  }
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest, undefined, 2))
  const env = withoutRust()
  if (manager === 'npm')
    await run(folder, 'npm', ['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund'], env)
  else {
    const pnpm = join(repository, 'node_modules/pnpm/bin/pnpm.cjs')
    const store = join(folder, '../pnpm-store')
    await run(folder, process.execPath, [pnpm, 'install', '--offline', '--ignore-scripts', '--store-dir', store], env)
  }
}

export interface Manifest {
  name: string
  version: string
  scripts?: Record<string, string>
  dependencies?: Record<string, string>
}

/** The manifests of everything that is installed in `folder`, each package once. */
export async function installed(folder: string): Promise<Manifest[]> {
  const found = new Map<string, Manifest>()
  const modules = join(folder, 'node_modules')
  for (const path of await readdir(modules, { recursive: true })) {
    if (!/(^|[/\\])package\.json$/.test(path)) continue
    const manifest = JSON.parse(await readFile(join(modules, path), 'utf8')) as Manifest
    if (manifest.name) found.set(manifest.name, manifest)
  }
  return [...found.values()]
}

/** Writes the README's first example as two files of the project: `example.ts`, and its `child.js`. */
export async function writeExample(folder: string): Promise<void> {
  const readme = await readFile(join(repository, 'README.md'), 'utf8')
  const [parent, child] = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => code)
  if (!parent?.includes("'child.js'") || !child?.startsWith('// child.js'))
    throw new Error("README.md doesn't begin with an example of a parent and its child.js")
  await writeFile(join(folder, 'example.ts'), parent)
  await writeFile(join(folder, 'child.js'), child)
}
