// The bytes of a message, as docs/structured.md describes them.

/** Begins every message: the format's version. No UTF-8, pickle, MessagePack or V8 message begins with it. */
export const VERSION = 0xc1

// The first byte of a value. The first 192 hold a small number.

/** Integers from 0 to 63. */
export const SMALL = 0x00
/** Text of up to 63 units of one byte each. */
export const SHORT_TEXT = 0x40
/** An object of one of the message's first 48 shapes. */
export const SHORT_OBJECT = 0x80
/** An array of up to 15 elements. */
export const SHORT_ARRAY = 0xb0

export const NULL = 0xc0
export const FALSE = 0xc2
export const TRUE = 0xc3
export const UNDEFINED = 0xc4
/** Stands in for an absent element or property. */
export const ABSENT = 0xc5
export const UINT8 = 0xc6
/** −1 − the byte. */
export const NEGATIVE8 = 0xc7
export const INT16 = 0xc8
export const INT32 = 0xca
export const FLOAT64 = 0xcb
export const BIGINT64 = 0xcc
/** A sign, a count, and the magnitude with its highest byte first. */
export const BIGINT = 0xcd
/** A count, and as many units of one byte. */
export const TEXT = 0xce
/** A count, and as many units of two bytes. */
export const WIDE_TEXT = 0xcf

/** A shape that is new in the message: the length of its names, the names, and then the values. */
export const NEW_SHAPE = 0xd0
/** The number of a shape that occurred earlier in the message, and the values. */
export const OBJECT = 0xd1
/** A count, and as many pairs of a name and a value. */
export const RECORD = 0xd2
export const ARRAY = 0xd3
/** A length, a count, and as many pairs: the number of absent elements before the next one, and that element. */
export const SPARSE_ARRAY = 0xd4
export const INT8S = 0xd5
export const INT16S = 0xd6
export const INT32S = 0xd7
export const FLOAT64S = 0xd8
/** An array as a value, a count, and as many pairs of a name and a value: the properties beside its elements. */
export const NAMED_ARRAY = 0xd9

export const MAP = 0xda
export const SET = 0xdb
export const DATE = 0xdc
export const REG_EXP = 0xdd
export const ARRAY_BUFFER = 0xde
export const BUFFER = 0xdf
export const VIEW = 0xe0
export const ERROR = 0xe1
export const BOXED = 0xe2
export const URL_TEXT = 0xe3
export const DOM_EXCEPTION = 0xe4

/** The number of an object that occurred earlier in the message. */
export const REFERENCE = 0xe6
/** Before the outermost value: the message has references, so the reader keeps a list of its objects. */
export const NUMBERED = 0xe7
export const TRANSFERABLE = 0xe8
/** The name of shared memory, as a text. */
export const SHARED_MEMORY = 0xe9

// The limits that both ends keep to.

/** How deep objects may be nested. */
export const DEPTH_MAX = 1000
/** The most names that a shape has: an object with more is a record. */
export const NAMES_MAX = 64

/** Kinds of views, by their number in a message. */
export const VIEWS = [
  'DataView',
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float16Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
] as const

/** Kinds of errors, by their number in a message. */
export const ERRORS = [
  'Error',
  'EvalError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'TypeError',
  'URIError',
  'AggregateError',
] as const

// The properties of an error, as bits.
export const HAS_NAME = 1
export const HAS_MESSAGE = 2
export const HAS_STACK = 4
export const HAS_CAUSE = 8
export const HAS_ERRORS = 16
export const HAS_CODE = 32
