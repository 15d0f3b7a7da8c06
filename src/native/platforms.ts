import { readFileSync } from 'node:fs'

/** Those that have a package with a binary, by Node's names of the system, the processor, and the C library. */
const SUPPORTED = [
  'darwin-arm64',
  'darwin-x64',
  'linux-arm64-gnu',
  'linux-arm64-musl',
  'linux-x64-gnu',
  'linux-x64-musl',
  'win32-arm64-msvc',
  'win32-x64-msvc',
]

/** The platform of this process, named in the same way. */
export function thisPlatform(): string {
  const { platform, arch } = process
  if (platform === 'win32') return `${platform}-${arch}-msvc`
  if (platform !== 'linux') return `${platform}-${arch}`
  return `${platform}-${arch}-${isMusl() ? 'musl' : 'gnu'}`
}

/** Asks the script that lists libraries, which says whose it is: Node's own report takes some milliseconds. */
function isMusl(): boolean {
  try {
    return readFileSync('/usr/bin/ldd', 'latin1').includes('musl')
  } catch {
    return isMuslByReport()
  }
}

function isMuslByReport(): boolean {
  try {
    const report = process.report.getReport() as { header: { glibcVersionRuntime?: string } }
    return !report.header.glibcVersionRuntime
  } catch {
    // Deno has no such report, or wants a permission for it.
    return false
  }
}

/** Why there is no binding, and what to do about it: `failures` are those of the attempts to load one. */
export function explainMissingBinding(platform: string, failures: readonly unknown[]): string {
  if (failures.some((each) => (each as NodeJS.ErrnoException).code === 'ERR_DLOPEN_DISABLED')) {
    return [
      "carom's binary can't be loaded, since this process was started so that it loads no addons (--permission, or --no-addons):",
      'with --permission, add --allow-addons. An addon passes by the other permissions: sockets and files are open to it.',
    ].join(' ')
  }
  const build = 'To build it from source, with Rust: https://github.com/carom-ipc/carom/blob/main/CONTRIBUTING.md'
  if (!SUPPORTED.includes(platform))
    return `carom has no binary for ${platform}. It has one for ${SUPPORTED.join(', ')}. ${build}`
  return [
    `carom's binary for ${platform} can't be loaded. It is in the package @carom/binding-${platform}; usually`,
    '- a lock file from another system lacks it: remove it together with node_modules, and install again;',
    '- optional dependencies were left out (--no-optional, --omit=optional): install with them;',
    ...('Deno' in globalThis ? ['- Deno lacks permissions: it wants --allow-ffi, --allow-env and --allow-read;'] : []),
    '- a bundler packed carom: make carom an external dependency, since a binary stays a file of its own.',
    `The cause of this error has the details. There are binaries for ${SUPPORTED.join(', ')}. ${build}`,
  ].join('\n')
}
