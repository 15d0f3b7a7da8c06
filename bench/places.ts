import { existsSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'

/** The repository's root. The benchmark runs compiled, from a folder deeper than its sources are in. */
export const root: string = folderWith('package.json', import.meta.dirname)

/** The path of another program of the benchmark, which is compiled if this one is. */
export function program(name: string): string {
  return join(import.meta.dirname, `${name}${extname(import.meta.filename)}`)
}

function folderWith(file: string, folder: string): string {
  return existsSync(join(folder, file)) ? folder : folderWith(file, dirname(folder))
}
