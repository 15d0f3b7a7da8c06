// Tools of other people, each at a version of its own, installed once and kept beside the Node modules.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { kept } from '../runtimes/binaries.ts'
import { run } from './steps.ts'

/** The folder in which `packages`, exact versions by name, are installed. */
export function tools(name: string, packages: Record<string, string>): Promise<string> {
  const versions = Object.values(packages).map((version) => version.replace(/.*@/, ''))
  return kept(`tools-${name}-${versions.join('-')}`, async (folder) => {
    const manifest = { name, private: true, dependencies: packages }
    await writeFile(join(folder, 'package.json'), JSON.stringify(manifest))
    await run(folder, 'npm', ['install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'])
  })
}
