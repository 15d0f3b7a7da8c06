import { arrayOf, reconstructArray } from './array.js'
import { date, dateTime, duration, timeZone } from './date-time.js'
import { EXCEPTIONS, exception } from './exceptions.js'
import { Global, Internal, unexpectedArguments } from './internal.js'
import { emptyArray, fromBuffer, numberType, scalar, UnfinishedArray } from './numpy.js'
import { path } from './path.js'
import { PythonDecimal } from './types/decimal.js'
import { PythonUUID } from './types/uuid.js'

type Construct = (this: void, args: unknown[], name: string) => unknown

/** The names that a pickle may use, by module. Nothing is looked up anywhere else. */
const allowed = new Map<string, Map<string, Global>>()

function allow(module: string, name: string, construct: Construct): Global {
  const global = new Global(module, name, construct)
  let names = allowed.get(module)
  if (!names) allowed.set(module, (names = new Map()))
  names.set(name, global)
  return global
}

/** The class or function of that name, if it is on the list. */
export function globalOf(module: string, name: string): Global {
  const global = allowed.get(module)?.get(name)
  if (!global) throw new Error(`it asks for ${printable(module)}.${printable(name)}, which is not supported`)
  return global
}

function printable(name: string): string {
  return name.slice(0, 100).replaceAll(/[^\x20-\x7e]/g, '?')
}

/** A `uuid.UUID` that has no state yet. */
class UnfinishedUUID extends Internal {
  readonly name = 'uuid.UUID'

  override build(state: unknown): PythonUUID {
    const { int } = (state ?? {}) as { int?: unknown }
    if (typeof int !== 'bigint' && typeof int !== 'number') throw unexpectedArguments(this.name)
    return new PythonUUID(int.toString(16).padStart(32, '0'))
  }
}

/** Not to be called. */
const classOnly: Construct = (_args, name) => {
  throw unexpectedArguments(name)
}

const isLatin1 = (encoding: unknown): boolean => encoding === 'latin1' || encoding === 'latin-1'

const encodeBytes: Construct = ([text, encoding], name) => {
  if (typeof text !== 'string' || !isLatin1(encoding)) throw unexpectedArguments(name)
  return Buffer.from(text, 'latin1')
}

const byteArray: Construct = (args, name) => {
  const [bytes] = args
  if (args.length === 0) return Buffer.alloc(0)
  return bytes instanceof Buffer ? bytes : encodeBytes(args, name)
}

const noBytes: Construct = (args, name) => {
  if (args.length > 0) throw unexpectedArguments(name)
  return Buffer.alloc(0)
}

const setOf: Construct = ([items = []], name) => {
  if (!Array.isArray(items)) throw unexpectedArguments(name)
  return new Set<unknown>(items)
}

const orderedDict: Construct = (args, name) => {
  const [pairs = []] = args
  if (args.length > 1 || !Array.isArray(pairs) || !pairs.every((pair) => Array.isArray(pair) && pair.length === 2)) {
    throw unexpectedArguments(name)
  }
  return new Map(pairs as [unknown, unknown][])
}

// Protocols 0 to 2 use the names of Python 2.
for (const builtins of ['builtins', '__builtin__']) {
  allow(builtins, 'bytes', noBytes)
  allow(builtins, 'bytearray', byteArray)
  allow(builtins, 'set', setOf)
  allow(builtins, 'frozenset', setOf)
}
for (const name of EXCEPTIONS) {
  allow('builtins', name, exception)
  allow('exceptions', name, exception)
}
allow('_codecs', 'encode', encodeBytes)
allow('collections', 'OrderedDict', orderedDict)

allow('datetime', 'datetime', dateTime)
allow('datetime', 'date', date)
allow('datetime', 'timedelta', duration)
allow('datetime', 'timezone', timeZone)

allow('decimal', 'Decimal', ([text], name) => {
  if (typeof text !== 'string') throw unexpectedArguments(name)
  return new PythonDecimal(text)
})

const uuid = allow('uuid', 'UUID', (args, name) => {
  const [digits] = args
  if (args.length === 0) return new UnfinishedUUID()
  if (args.length > 1 || typeof digits !== 'string') throw unexpectedArguments(name)
  return new PythonUUID(digits)
})
const object = allow('__builtin__', 'object', classOnly)
// How protocols 0 and 1 make an object without calling its class.
for (const module of ['copy_reg', 'copyreg']) {
  allow(module, '_reconstructor', ([type, base, state], name) => {
    if (type !== uuid || base !== object || state !== null) throw unexpectedArguments(name)
    return new UnfinishedUUID()
  })
}

for (const kind of ['Path', 'PosixPath', 'WindowsPath', 'PurePath', 'PurePosixPath', 'PureWindowsPath'] as const) {
  // Python 3.13 alone has them in `pathlib._local`.
  for (const module of ['pathlib', 'pathlib._local']) allow(module, kind, (args, name) => path(kind, args, name))
}

const array = allow('array', 'array', arrayOf)
allow('array', '_array_reconstructor', (args, name) => reconstructArray(args, name, array))

const ndarray = allow('numpy', 'ndarray', emptyArray)
allow('numpy', 'dtype', numberType)
// numpy 2 renamed `numpy.core`.
for (const core of ['numpy.core', 'numpy._core']) {
  allow(`${core}.multiarray`, '_reconstruct', ([type], name) => {
    if (type !== ndarray) throw unexpectedArguments(name)
    return new UnfinishedArray()
  })
  allow(`${core}.multiarray`, 'scalar', scalar)
  allow(`${core}.numeric`, '_frombuffer', fromBuffer)
}
