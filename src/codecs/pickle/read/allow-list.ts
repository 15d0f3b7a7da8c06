import { arrayOf, reconstructArray } from './array.js'
import { date, dateTime, time, timeDelta } from './date-time.js'
import { rebuildException, reconstruct } from './exceptions.js'
import { type Construct, Global, Internal, NewObject, unexpectedArguments } from './internal.js'
import { isDict } from './dict.js'
import { numberType } from './numpy-dtype.js'
import { emptyArray, fromBuffer, scalar, UnfinishedArray } from './numpy.js'
import { path } from './path.js'
import { MOVED_MODULES, MOVED_NAMES } from './python-names.js'
import { segment } from './segment.js'
import * as standard from './standard-types.js'
import * as dateutil from './dateutil-zones.js'
import * as zones from './time-zones.js'

/** The names whose calls have a meaning here, by module. Nothing is looked up anywhere else. */
const allowed = new Map<string, Map<string, Global>>()

function allow(module: string, name: string, construct: Construct): Global {
  const global = new Global(module, name, construct)
  let names = allowed.get(module)
  if (!names) allowed.set(module, (names = new Map()))
  names.set(name, global)
  return global
}

/** From this protocol on, Python 3's own names are used. */
const OWN_NAMES = 3
/** The longest name that is looked up: a peer may send one of megabytes, again and again. */
const LONGEST_NAME = 1000

/** The class or function of that name: one of the list, or one of which nothing is known but its name. */
export function globalOf(module: string, name: string, protocol: number): Global {
  if (module.length + name.length > LONGEST_NAME) return new Global(module, name)
  const moved = protocol < OWN_NAMES ? MOVED_NAMES.get(`${module}.${name}`) : undefined
  if (moved !== undefined) {
    const at = moved.lastIndexOf('.')
    return known(moved.slice(0, at), moved.slice(at + 1))
  }
  return known(protocol < OWN_NAMES ? (MOVED_MODULES.get(module) ?? module) : module, name)
}

function known(module: string, name: string): Global {
  return allowed.get(module)?.get(name) ?? new Global(module, name)
}

/** Not to be called. */
const classOnly: Construct = (_args, name) => {
  throw unexpectedArguments(name)
}

allow('builtins', 'object', classOnly)
allow('builtins', 'bytes', standard.noBytes)
allow('builtins', 'bytearray', standard.byteArray)
allow('builtins', 'complex', standard.complex)
allow('builtins', 'frozenset', standard.setOf)
allow('builtins', 'list', standard.listOf)
allow('builtins', 'range', standard.range)
allow('builtins', 'set', standard.setOf)
allow('builtins', 'slice', standard.slice)
// A name inside of a class, in protocols 0 to 3: still nothing but a name.
allow('builtins', 'getattr', ([owner, name], callee) => {
  if (!(owner instanceof Global) || typeof name !== 'string') throw unexpectedArguments(callee)
  return globalOf(owner.module, `${owner.path}.${name}`, OWN_NAMES)
})

allow('copyreg', '_reconstructor', reconstruct)
allow('copyreg', '__newobj__', ([type, ...args], name) => {
  if (!(type instanceof Internal)) throw unexpectedArguments(name)
  return new NewObject(type, args)
})
allow('copyreg', '__newobj_ex__', ([type, args, kwargs], name) => {
  if (!(type instanceof Internal) || !Array.isArray(args) || !isDict(kwargs)) throw unexpectedArguments(name)
  return new NewObject(type, args, kwargs)
})

allow('_codecs', 'encode', standard.encodeBytes)
allow('collections', 'Counter', standard.counter)
allow('collections', 'OrderedDict', standard.orderedDict)
allow('collections', 'defaultdict', standard.defaultDict)
allow('collections', 'deque', standard.deque)
allow('decimal', 'Decimal', standard.decimal)
allow('fractions', 'Fraction', standard.fraction)
allow('re', '_compile', standard.pattern)
allow('uuid', 'UUID', standard.uuid)
for (const version of ['IPv4', 'IPv6'] as const) {
  for (const kind of ['Address', 'Network', 'Interface'] as const) {
    allow('ipaddress', version + kind, standard.ipAddress(`${version}${kind}`))
  }
}
for (const kind of ['Path', 'PosixPath', 'WindowsPath', 'PurePath', 'PurePosixPath', 'PureWindowsPath'] as const) {
  // Python 3.13 alone has them in `pathlib._local`.
  for (const module of ['pathlib', 'pathlib._local']) allow(module, kind, (args, name) => path(kind, args, name))
}

allow('datetime', 'date', date)
allow('datetime', 'datetime', dateTime)
allow('datetime', 'time', time)
allow('datetime', 'timedelta', timeDelta)
allow('datetime', 'timezone', zones.timeZone)
for (const module of ['zoneinfo', 'backports.zoneinfo']) allow(module, 'ZoneInfo._unpickle', zones.namedZone)
allow('pytz', '_UTC', zones.utcZone)
allow('pytz', '_p', zones.pytzZone)
allow('pytz', 'FixedOffset', zones.pytzOffset)
allow('dateutil.tz.tz', 'tzutc', zones.utcZone)
allow('dateutil.tz.tz', 'tzoffset', dateutil.offsetZone)
allow('dateutil.tz.tz', 'tzlocal', dateutil.localZone)
allow('dateutil.tz.tz', 'tzfile', dateutil.fileZone)
allow('dateutil.tz.tz', '_ttinfo', dateutil.offsetInfo)
allow('dateutil.tz._tzfile', '_unpickle', dateutil.dataZone)
allow('dateutil.zoneinfo', 'gettz', zones.namedZone)

allow('multiprocessing.shared_memory', 'SharedMemory', segment)

allow('concurrent.futures.process', '_rebuild_exc', rebuildException)
allow('multiprocessing.pool', 'rebuild_exc', rebuildException)

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
