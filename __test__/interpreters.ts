// The Pythons of this machine. Without one the tests fail, since nothing else decides what a pickle is.

import { execFile } from 'node:child_process'
import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface Interpreter {
  path: string
  /** `[3, 13, 0]` */
  version: [number, number, number]
  /** `3.13.0` */
  name: string
}

const OLDEST = 8
const WINDOWS = process.platform === 'win32'
const PROBE = 'import json, sys; print(json.dumps([sys.implementation.name, sys.version_info[:3], sys.executable]))'
const CACHE = fileURLToPath(new URL('../node_modules/.cache/carom-python/', import.meta.url))

/** The packages that the tests need beside the standard library. */
const PACKAGES = ['billiard', 'numpy', 'pandas', 'python-dateutil', 'pytz', 'tzdata']
/** Packages from before numpy 2, which renamed its modules; on the oldest Python, which has no time zones of its own. */
const OLD_PACKAGES = ['numpy<2', 'pandas', 'python-dateutil<3', 'pytz', 'backports.zoneinfo', 'tzdata']

/** Every CPython from 3.8 on, or from another one on: those that pyenv holds, and `python3`; the oldest first. */
export async function interpreters(oldest = OLDEST): Promise<Interpreter[]> {
  const probed = await Promise.all(candidates().map(probe))
  const byPath = new Map(
    probed.flatMap((found) =>
      found && found.version[1] >= oldest ? [[realpathSync(found.path), found] as const] : [],
    ),
  )
  if (byPath.size === 0)
    throw new Error(`these tests need CPython 3.${oldest} or later: python3, or one that pyenv has`)
  return [...byPath.values()].toSorted((a, b) => compare(a.version, b.version))
}

function candidates(): string[] {
  const versions = join(process.env['PYENV_ROOT'] ?? join(homedir(), '.pyenv'), 'versions')
  const program = WINDOWS ? 'python.exe' : 'bin/python3'
  const held = existsSync(versions) ? readdirSync(versions).map((version) => join(versions, version, program)) : []
  return [...held.filter((path) => existsSync(path)), WINDOWS ? 'python' : 'python3']
}

async function probe(path: string): Promise<Interpreter | undefined> {
  try {
    const { stdout } = await run(path, ['-c', PROBE])
    const [kind, version, executable] = JSON.parse(stdout) as [string, [number, number, number], string]
    if (kind !== 'cpython' || version[0] !== 3) return undefined
    return { path: executable, version, name: version.join('.') }
  } catch {
    return undefined
  }
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((part, n) => part !== b[n])
  return at < 0 ? 0 : a[at]! - b[at]!
}

/** The newest Python, with the packages that the tests need: installed once, and kept beside the Node modules. */
export async function virtualEnvironment(): Promise<Interpreter> {
  return environmentOf((await interpreters()).at(-1)!, PACKAGES)
}

/** The newest Python, with uv, by which others start it: the path of uv, and the interpreter that it is to run. */
export async function uvEnvironment(): Promise<{ uv: string; python: Interpreter }> {
  const python = await environmentOf((await interpreters()).at(-1)!, ['uv'])
  return { uv: join(dirname(python.path), WINDOWS ? 'uv.exe' : 'uv'), python }
}

/** The oldest Python that is supported, if it is older than numpy 2 asks for, with the packages of that time. */
export async function oldVirtualEnvironment(): Promise<Interpreter | undefined> {
  const oldest = (await interpreters())[0]!
  return oldest.version[1] === OLDEST ? environmentOf(oldest, OLD_PACKAGES) : undefined
}

/** Pythons with numpy: with its version 2, and with version 1, where there is a Python for that. */
export async function numpyEnvironments(): Promise<Interpreter[]> {
  const old = await oldVirtualEnvironment()
  return [await virtualEnvironment(), ...(old ? [old] : [])]
}

async function environmentOf(python: Interpreter, packages: readonly string[]): Promise<Interpreter> {
  const folder = join(CACHE, `${python.name}-${packages.join('-').replaceAll(/[^\w.-]/g, '_')}`)
  const path = join(folder, WINDOWS ? 'Scripts/python.exe' : 'bin/python')
  if (!existsSync(folder)) await install(python, packages, folder)
  return { ...python, path }
}

/** Makes the environment aside, and moves it to its place when it is complete: another test may be doing the same. */
async function install(python: Interpreter, packages: readonly string[], folder: string): Promise<void> {
  console.log(`installing ${packages.join(', ')} for Python ${python.name}`)
  const aside = `${folder}.${process.pid}`
  await mkdir(CACHE, { recursive: true })
  try {
    await run(python.path, ['-m', 'venv', aside])
    const program = join(aside, WINDOWS ? 'Scripts/python.exe' : 'bin/python')
    await run(program, ['-m', 'pip', 'install', '--quiet', ...packages])
    await rename(aside, folder)
  } catch (error) {
    await rm(aside, { recursive: true, force: true })
    if (!existsSync(folder)) throw error
  }
}
