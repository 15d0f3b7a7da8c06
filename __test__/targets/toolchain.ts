// How a target can be compiled here: by a toolchain that has its standard library, or has the library's source.

import { existsSync, readdirSync } from 'node:fs'
import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { repository } from '../install/packages.ts'
import { run } from '../install/steps.ts'
import { muslLibraries } from './musl.ts'
import { OUTPUT } from './output.ts'
import type { Target } from './targets.ts'
import { windowsEnvironment } from './wine.ts'

/** Links with libraries that are found when the program starts: for musl, that isn't the default. */
const DYNAMIC = '-Ctarget-feature=-crt-static'

/** The folder in which programs linked for musl find the compiler's library. */
const UNWINDER = join(OUTPUT, 'unwind')

export interface Toolchain {
  /** Its name in the table. */
  title: string
  cargo: string
  /** The arguments of every cargo command that compiles. */
  args: string[]
  env: NodeJS.ProcessEnv
  /** Flags of the compiler for programs, and those for the binding. */
  flags: { programs: string[]; binding: string[] }
}

/** Where toolchains may be: on the path, where a distribution puts its own, and in the folder that the caller names. */
const FOLDERS = ['', '/usr/bin/', ...(process.env['CAROM_RUST'] ? [`${process.env['CAROM_RUST']}/`] : [])]

async function sysroot(folder: string): Promise<string | undefined> {
  const { stdout } = await run(repository, `${folder}rustc`, ['--print', 'sysroot']).catch(() => ({ stdout: '' }))
  return stdout.trim() || undefined
}

/** One that can compile `target`; `undefined` where none can. */
export async function toolchainFor(target: Target): Promise<Toolchain | undefined> {
  for (const fromSource of [false, true]) {
    for (const folder of FOLDERS) {
      const root = await sysroot(folder)
      if (root && existsSync(root) && has(root, target.triple, fromSource))
        return using(target, folder, root, fromSource)
    }
  }
  return undefined
}

function has(root: string, triple: string, source: boolean): boolean {
  const library = join(root, 'lib/rustlib')
  if (source) return existsSync(join(library, 'src/rust/library/Cargo.lock'))
  const compiled = join(library, triple, 'lib')
  return existsSync(compiled) && readdirSync(compiled).some((name) => name.startsWith('libstd-'))
}

async function using(target: Target, folder: string, root: string, fromSource: boolean): Promise<Toolchain> {
  const name = target.triple.toUpperCase().replaceAll('-', '_')
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    CARGO_TARGET_DIR: OUTPUT,
    RUSTC: `${folder}rustc`,
    ...(target.linker && { [`CARGO_TARGET_${name}_LINKER`]: target.linker }),
    // A compiler of the stable channel takes these options for unstable.
    ...(fromSource && { RUSTC_BOOTSTRAP: '1' }),
    ...(target.linker && target.triple.includes('-windows-') && (await windowsEnvironment(target.linker))),
  }
  const { stdout } = await run(repository, `${folder}rustc`, ['--version'])
  const version = /\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? root
  const musl = target.triple.endsWith('-musl')
  const own = musl && fromSource && target.linker ? await linkByMusl() : []
  return {
    title: `Rust ${version}${fromSource ? ', std from source' : ''}`,
    cargo: `${folder}cargo`,
    args: ['--target', target.triple, '--locked', ...(fromSource ? ['-Zbuild-std=std,panic_abort,test'] : [])],
    env,
    // A program for musl is static by default; what Node loads can't be.
    flags: {
      programs: own.length > 0 ? [...own, `-Clink-arg=-Wl,-rpath,${UNWINDER}`, DYNAMIC] : [],
      binding: musl ? [...own, DYNAMIC] : [],
    },
  }
}

/**
 * A standard library from source comes without the objects and the unwinder that the project's own build of it brings: musl
 * has the first, and the second is in gcc's library, of which the one beside Node is made for musl.
 */
async function linkByMusl(): Promise<string[]> {
  const library = join(UNWINDER, 'libgcc_s.so.1')
  await mkdir(UNWINDER, { recursive: true })
  if (!existsSync(library)) await symlink(join(await muslLibraries(), 'libgcc_s.so.1'), library)
  return ['-Clink-self-contained=no', `-Lnative=${UNWINDER}`]
}
