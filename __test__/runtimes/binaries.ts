// The runtimes' programs, as npm has them: a package per platform, of which one file is the program.

import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../install/steps.ts'
import { repository, thisPlatform } from '../install/packages.ts'

/** Where fetched programs are kept. */
const CACHE = join(repository, 'node_modules/.cache/carom-runtimes')

export interface Runtime {
  name: 'Node' | 'Bun' | 'Deno'
  version: string
  /** The path of the program. */
  program: string
}

type Wanted = Pick<Runtime, 'name'> & { specifier: string; file: string }

function wanted(): Wanted[] {
  const { platform, arch } = process
  const nodes = ['20', '22', '24', '26'].map((major): Wanted => {
    const file = platform === 'win32' ? 'bin/node.exe' : 'bin/node'
    return { name: 'Node', specifier: `node-${platform === 'win32' ? 'win' : platform}-${arch}@${major}`, file }
  })
  // Those of the other two have their own names for processors and C libraries.
  const musl = thisPlatform().endsWith('-musl') ? '-musl' : ''
  const cpu = arch === 'arm64' ? 'aarch64' : arch
  const bun: Wanted = { name: 'Bun', specifier: `@oven/bun-${platform}-${cpu}${musl}`, file: 'bin/bun' }
  const libc = platform === 'linux' ? '-glibc' : ''
  const deno: Wanted = { name: 'Deno', specifier: `@deno/${platform}-${arch}${libc}`, file: 'deno' }
  return musl ? [...nodes, bun] : [...nodes, bun, deno]
}

/** Every runtime, fetched once and kept beside the Node modules. */
export async function runtimes(only: readonly string[]): Promise<Runtime[]> {
  const chosen = wanted().filter(({ name, specifier }) => {
    const major = specifier.split('@').at(-1)
    return only.length === 0 || only.includes(name.toLowerCase()) || (name === 'Node' && only.includes(`node${major}`))
  })
  const found: Runtime[] = []
  for (const each of chosen) {
    const program = await fetched(each)
    const { stdout } = await run(repository, program, ['--version'])
    found.push({ name: each.name, version: /\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? stdout.trim(), program })
  }
  return found
}

/** Where the program of a package of npm's is. No script of the package runs. */
export async function fetched({ specifier, file }: Pick<Wanted, 'specifier' | 'file'>): Promise<string> {
  const folder = await kept(specifier.replaceAll('/', '-'), async (aside) => {
    const { stdout } = await run(aside, 'npm', ['pack', '--silent', '--pack-destination', aside, specifier])
    const tarball = stdout.trim().split('\n').at(-1) ?? ''
    await run(aside, 'tar', ['-xzf', tarball, '--strip-components', '1', `package/${file}`])
    await rm(join(aside, tarball))
  })
  return join(folder, file)
}

/** A folder that is filled once: aside, and moved to its place when it is complete. */
export async function kept(name: string, fill: (aside: string) => Promise<void>): Promise<string> {
  const folder = join(CACHE, name)
  if (existsSync(folder)) return folder
  console.log(`fetching ${name}`)
  await mkdir(CACHE, { recursive: true })
  const aside = await mkdtemp(`${folder}.`)
  // Other users run it too, in the tests of the addresses that they may not reach.
  await chmod(aside, 0o755)
  try {
    await fill(aside)
    await rename(aside, folder)
  } catch (error) {
    await rm(aside, { recursive: true, force: true })
    if (!existsSync(folder)) throw error
  }
  return folder
}
