/**
 * Python's values: what JavaScript has no equal of, and the codec `'pickle'` with options.
 *
 * @packageDocumentation
 */
export { pickle, type PickleCodec } from './codecs/pickle/coder.js'
export { ndarray, type NumpyArray } from './codecs/pickle/ndarray.js'
export type { PickleOptions, PythonClass } from './codecs/pickle/options.js'
export { PythonComplex } from './codecs/pickle/types/complex.js'
export { PythonDateTime } from './codecs/pickle/types/date-time.js'
export { PythonDate } from './codecs/pickle/types/date.js'
export { PythonDecimal } from './codecs/pickle/types/decimal.js'
export { PythonError } from './codecs/pickle/types/error.js'
export { PythonFloat } from './codecs/pickle/types/float.js'
export { PythonFraction } from './codecs/pickle/types/fraction.js'
export { PythonIPAddress, type PythonIPAddressClass } from './codecs/pickle/types/ip-address.js'
export { type PythonCreation, PythonObject } from './codecs/pickle/types/object.js'
export { PythonPath, type PythonPathClass } from './codecs/pickle/types/path.js'
export { PythonPattern } from './codecs/pickle/types/pattern.js'
export { PythonRange } from './codecs/pickle/types/range.js'
export { PythonSlice } from './codecs/pickle/types/slice.js'
export { PythonTimeDelta } from './codecs/pickle/types/time-delta.js'
export { PythonTime } from './codecs/pickle/types/time.js'
export { PythonTuple } from './codecs/pickle/types/tuple.js'
export { PythonUUID } from './codecs/pickle/types/uuid.js'
