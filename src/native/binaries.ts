/**
 * The binary for `platform`: one that was built here, or else that of the platform's package. napi's generated loader, which
 * knows of thirty platforms, took a sixth of the time that an `import` of carom takes.
 *
 * Bundlers and tracers see what a literal `require` names, and take one that stands in a `try` for optional. Why each could
 * not be loaded goes to `failures`; the result is then `undefined`.
 */
export function loadBinary(platform: string, failures: unknown[]): unknown {
  try {
    switch (platform) {
      case 'darwin-arm64':
        return require('../carom.darwin-arm64.node')
      case 'darwin-x64':
        return require('../carom.darwin-x64.node')
      case 'linux-arm64-gnu':
        return require('../carom.linux-arm64-gnu.node')
      case 'linux-arm64-musl':
        return require('../carom.linux-arm64-musl.node')
      case 'linux-x64-gnu':
        return require('../carom.linux-x64-gnu.node')
      case 'linux-x64-musl':
        return require('../carom.linux-x64-musl.node')
      case 'win32-arm64-msvc':
        return require('../carom.win32-arm64-msvc.node')
      case 'win32-x64-msvc':
        return require('../carom.win32-x64-msvc.node')
    }
  } catch (error) {
    failures.push(error)
  }
  try {
    switch (platform) {
      case 'darwin-arm64':
        return require('@carom/binding-darwin-arm64')
      case 'darwin-x64':
        return require('@carom/binding-darwin-x64')
      case 'linux-arm64-gnu':
        return require('@carom/binding-linux-arm64-gnu')
      case 'linux-arm64-musl':
        return require('@carom/binding-linux-arm64-musl')
      case 'linux-x64-gnu':
        return require('@carom/binding-linux-x64-gnu')
      case 'linux-x64-musl':
        return require('@carom/binding-linux-x64-musl')
      case 'win32-arm64-msvc':
        return require('@carom/binding-win32-arm64-msvc')
      case 'win32-x64-msvc':
        return require('@carom/binding-win32-x64-msvc')
      default:
        return undefined
    }
  } catch (error) {
    failures.push(error)
  }
  try {
    return requireOfPackage()(`@carom/binding-${platform}`)
  } catch (error) {
    failures.push(error)
    return undefined
  }
}

/** In a bundle, which may be an ES module without a `require`: that of the package carom, where it is installed beside it. */
function requireOfPackage(): NodeJS.Require {
  const { createRequire } = process.getBuiltinModule('node:module')
  const beside = createRequire(process.argv[1] ?? `${process.cwd()}/`)
  return createRequire(beside.resolve('carom/package.json'))
}
