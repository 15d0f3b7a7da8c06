/**
 * Python's values: what JavaScript has no equal of, and the codec `'pickle'` with options.
 *
 * @packageDocumentation
 */
export { pickle, type PickleCodec } from './codecs/pickle/coder.js'
export type { NumpyArray } from './codecs/pickle/numpy.js'
export type { PickleOptions, PythonClass } from './codecs/pickle/options.js'
export * from './codecs/pickle/python-types.js'
