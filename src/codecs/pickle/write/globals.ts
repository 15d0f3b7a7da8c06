/** A class or function of Python's, by the module that it is imported from and its name there. */
export interface Global {
  readonly module: string
  readonly name: string
}

/** Each is an object of its own: a writer knows it by that. */
function global(module: string, name: string): Global {
  return { module, name }
}

export const ARRAY: Global = global('array', 'array')
export const ARRAY_RECONSTRUCTOR: Global = global('array', '_array_reconstructor')
export const COMPLEX: Global = global('builtins', 'complex')
export const DATE: Global = global('datetime', 'date')
export const DATETIME: Global = global('datetime', 'datetime')
export const DECIMAL: Global = global('decimal', 'Decimal')
export const DTYPE: Global = global('numpy', 'dtype')
export const FRACTION: Global = global('fractions', 'Fraction')
export const NDARRAY: Global = global('numpy', 'ndarray')
export const PARTIAL: Global = global('functools', 'partial')
export const PATTERN: Global = global('re', '_compile')
export const RANGE: Global = global('builtins', 'range')
export const SHARED_MEMORY: Global = global('multiprocessing.shared_memory', 'SharedMemory')
export const SLICE: Global = global('builtins', 'slice')
export const TIME: Global = global('datetime', 'time')
export const TIMEDELTA: Global = global('datetime', 'timedelta')
export const TIMEZONE: Global = global('datetime', 'timezone')
export const UUID: Global = global('uuid', 'UUID')
