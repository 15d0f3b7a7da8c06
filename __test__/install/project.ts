// A user's project: an empty folder in which the packed tarballs are installed.

import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { repository, type Packed } from './packages.ts'
import { run } from './steps.ts'

export type Manager = 'npm' | 'pnpm'

const RUST = /^(cargo|rustc|rustup)/

let rustlessPath: string | undefined

/** The environment without a Rust toolchain, and without the variables that npm has set for this process. */
export function withoutRust(): NodeJS.ProcessEnv {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_OPTIONS)/.test(name)))
  rustlessPath ??= (process.env['PATH'] ?? '').split(delimiter).filter(existsSync).map(rustless).join(delimiter)
  return { ...env, PATH: rustlessPath }
}

/** `folder`, or one with links to all its programs but Rust's. */
function rustless(folder: string): string {
  const programs = readdirSync(folder)
  if (!programs.some((name) => RUST.test(name))) return folder
  const links = mkdtempSync(join(tmpdir(), 'carom-path-'))
  process.once('exit', () => rmSync(links, { recursive: true }))
  for (const name of programs) if (!RUST.test(name)) symlinkSync(join(folder, name), join(links, name))
  return links
}

/** Installs carom in `folder`. No registry is asked: the tarballs stand for all that it depends on. */
export async function install(folder: string, manager: Manager, packed: Packed): Promise<void> {
  await mkdir(folder, { recursive: true })
  // pnpm installs tarballs for other platforms too, unlike packages from a registry: "-" names no platform.
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

/** Writes the README's example of a parent and its worker as `example.ts`, and the worker beside what becomes of that in `out`. */
export async function writeExample(folder: string, out: string): Promise<void> {
  const readme = await readFile(join(repository, 'README.md'), 'utf8')
  const programs = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => code)
  const parent = programs.find((program) => program.includes("new URL('./worker.js', import.meta.url)"))
  const worker = programs.find((program) => program.startsWith('// worker.js'))
  if (parent === undefined || worker === undefined)
    throw new Error('README.md has no example of a parent and its worker.js')
  await writeFile(join(folder, 'example.ts'), parent)
  await mkdir(join(folder, out), { recursive: true })
  await writeFile(join(folder, out, 'worker.js'), worker)
}
