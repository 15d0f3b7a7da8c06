// How a target can be compiled here: by a toolchain that has its standard library, or has the library's source.

import { existsSync, readdirSync } from 'node:fs'
import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { repository } from '../install/packages.ts'
import { run } from '../install/steps.ts'
import type { Target } from './targets.ts'

/** What is compiled goes here, apart from what is compiled for this machine. */
export const OUTPUT: string = join(repository, 'target/targets')

export interface Toolchain {
  /** What the table says of it. */
  title: string
  cargo: string
  /** What every command of cargo's that compiles is given. */
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
    // What a compiler of the stable channel calls an unstable option.
    ...(fromSource && { RUSTC_BOOTSTRAP: '1' }),
  }
  const { stdout } = await run(repository, `${folder}rustc`, ['--version'])
  const version = /\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? root
  const musl = target.triple.endsWith('-musl')
  const own = musl && fromSource && target.linker ? await linkByMusl(target.linker) : []
  return {
    title: `Rust ${version}${fromSource ? ', std from source' : ''}`,
    cargo: `${folder}cargo`,
    args: ['--target', target.triple, '--locked', ...(fromSource ? ['-Zbuild-std=std,panic_abort,test'] : [])],
    env,
    // A program for musl is static by default; what Node loads can't be.
    flags: { programs: own, binding: musl ? [...own, '-Ctarget-feature=-crt-static'] : [] },
  }
}

/**
 * A standard library from source comes without the objects and the unwinder that the project's own build of it brings: musl
 * has the first, gcc the second, under another name for programs, and out of musl's sight for the binding.
 */
async function linkByMusl(linker: string): Promise<string[]> {
  const folder = join(OUTPUT, 'unwind')
  await mkdir(folder, { recursive: true })
  await linkFrom(linker, 'libgcc_eh.a', join(folder, 'libunwind.a'))
  await linkFrom('cc', 'libgcc_s.so.1', join(folder, 'libgcc_s.so.1'))
  return ['-Clink-self-contained=no', `-Lnative=${folder}`]
}

/** Makes `link` name the library `file` of `compiler`. */
async function linkFrom(compiler: string, file: string, link: string): Promise<void> {
  if (existsSync(link)) return
  const { stdout } = await run(OUTPUT, compiler, [`-print-file-name=${file}`])
  await symlink(stdout.trim(), link)
}
