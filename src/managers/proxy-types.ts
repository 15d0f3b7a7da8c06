import type { PythonClass } from '../codecs/pickle/options.js'
import { PythonObject } from '../codecs/pickle/types/object.js'
import { PythonTuple } from '../codecs/pickle/types/tuple.js'
import { MODULE } from './messages.js'
import type { Token } from './token.js'

/** Python's own proxy classes, by what `SyncManager` calls the types that they are for. */
const TYPES: ReadonlyMap<string, string> = new Map([
  ['Array', 'ArrayProxy'],
  ['Barrier', 'BarrierProxy'],
  ['BoundedSemaphore', 'AcquirerProxy'],
  ['Condition', 'ConditionProxy'],
  ['Event', 'EventProxy'],
  ['Iterator', 'IteratorProxy'],
  ['Lock', 'AcquirerProxy'],
  ['Namespace', 'NamespaceProxy'],
  ['Pool', 'PoolProxy'],
  ['RLock', 'AcquirerProxy'],
  ['Semaphore', 'AcquirerProxy'],
  ['Value', 'ValueProxy'],
  ['dict', 'DictProxy'],
  ['list', 'ListProxy'],
])

/** The values made of the proxy classes in a pickle: none, since a proxy's token says enough. */
export const PROXY_CLASSES: readonly (readonly [string, PythonClass])[] = [
  ...new Set(['AutoProxy', ...TYPES.values()]),
].map((name) => [`${MODULE}.${name}`, () => null])

/**
 * The object that Python reads as a proxy. Only a class of Python's own is named, since the Python that reads it imports it: for all other
 * types it makes one of the methods that `exposed` names.
 */
export function pythonProxy(token: Token, exposed: readonly string[]): PythonObject {
  const type = TYPES.get(token.typeid)
  const kwargs = type === undefined ? { exposed: PythonTuple.from(exposed) } : {}
  const callable = new PythonObject(MODULE, type ?? 'AutoProxy')
  return new PythonObject(MODULE, 'RebuildProxy', [callable, token.toPython(), 'pickle', kwargs])
}
