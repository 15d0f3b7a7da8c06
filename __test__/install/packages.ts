// The packages as they are published: the root, whose manifest names the platform packages, and those.

import { copyFile, cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './steps.ts'

export const repository: string = fileURLToPath(new URL('../../', import.meta.url))

/** This platform as the packages are named, such as `linux-x64-gnu`. */
export function thisPlatform(): string {
  const { platform, arch } = process
  if (platform === 'win32') return `${platform}-${arch}-msvc`
  if (platform !== 'linux') return `${platform}-${arch}`
  const report = process.report.getReport() as { header: { glibcVersionRuntime?: string } }
  return `${platform}-${arch}-${report.header.glibcVersionRuntime ? 'gnu' : 'musl'}`
}

export interface Packed {
  /** The root's tarball. */
  root: string
  /** Every platform package's tarball, by the package's name. Only this platform's holds a real binary. */
  platforms: Map<string, string>
  /** This platform's package. */
  own: string
  /** The binary in it. */
  binary: string
}

/** Packs everything into `folder`, by the commands of the release. The repository is left as it is. */
export async function pack(folder: string): Promise<Packed> {
  const [staged, tarballs] = [join(folder, 'staged'), join(folder, 'tarballs')]
  await mkdir(tarballs, { recursive: true })
  const { files } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8')) as { files: string[] }
  const published = files.filter((file) => !file.startsWith('!'))
  for (const path of ['package.json', 'README.md', 'LICENSE', 'npm', ...published])
    await cp(join(repository, path), join(staged, path), {
      recursive: true,
      filter: (from) => !from.endsWith('node_modules'),
    })

  // The CLI wants a binary in each package. Those of other platforms are empty: no package manager installs them here.
  const platforms = await readdir(join(staged, 'npm'))
  for (const platform of platforms) await writeFile(join(staged, 'npm', platform, `carom.${platform}.node`), '')
  const file = `carom.${thisPlatform()}.node`
  const binary = join(staged, 'npm', thisPlatform(), file)
  await copyFile(join(repository, file), binary)
  const napi = join(repository, 'node_modules/.bin/napi')
  await run(staged, napi, ['pre-publish', '--tag-style', 'npm', '--skip-optional-publish', '--no-gh-release'])

  const packages = platforms.map((platform) => `./npm/${platform}/`)
  const { stdout } = await run(staged, 'npm', ['pack', '--json', '--pack-destination', tarballs, '.', ...packages])
  const packed = Object.values(JSON.parse(stdout) as Record<string, { name: string; filename: string }>)
  const byName = new Map(packed.map(({ name, filename }) => [name, join(tarballs, basename(filename))]))
  const root = byName.get('carom')
  if (!root) throw new Error(`npm pack made no carom: ${stdout}`)
  byName.delete('carom')
  return { root, platforms: byName, own: `@carom/binding-${thisPlatform()}`, binary }
}
