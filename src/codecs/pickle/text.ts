/** Python's `str`: UTF-8, in which lone surrogates, which JavaScript's strings may have too, are written as if they could be. */

/** Node's own methods, a quarter faster than `toString` and `write`, which look up an encoding first. */
export interface NativeBuffer extends Buffer {
  latin1Slice(start: number, end: number): string
  utf8Slice(start: number, end: number): string
  utf8Write(text: string, offset: number): number
}

/** Up to this size, looking a text up costs less than making it. */
const SHORT = 24

/** Short texts come again and again, most of all as keys: the ones met last, by a hash of their bytes. */
const KNOWN = 1024
const known: string[] = Array.from({ length: KNOWN }, () => '')

const { fromCharCode } = String

/** Texts of 0, 1, 2, … characters, made a few times faster than by a native call. */
const MAKE: ((b: Uint8Array, p: number) => string)[] = [
  () => '',
  (b, p) => fromCharCode(b[p]!),
  (b, p) => fromCharCode(b[p]!, b[p + 1]!),
  (b, p) => fromCharCode(b[p]!, b[p + 1]!, b[p + 2]!),
  (b, p) => fromCharCode(b[p]!, b[p + 1]!, b[p + 2]!, b[p + 3]!),
  (b, p) => fromCharCode(b[p]!, b[p + 1]!, b[p + 2]!, b[p + 3]!, b[p + 4]!),
  (b, p) => fromCharCode(b[p]!, b[p + 1]!, b[p + 2]!, b[p + 3]!, b[p + 4]!, b[p + 5]!),
  (b, p) => fromCharCode(b[p]!, b[p + 1]!, b[p + 2]!, b[p + 3]!, b[p + 4]!, b[p + 5]!, b[p + 6]!),
  (b, p) => fromCharCode(b[p]!, b[p + 1]!, b[p + 2]!, b[p + 3]!, b[p + 4]!, b[p + 5]!, b[p + 6]!, b[p + 7]!),
]

const LONE_SURROGATE = /\p{Surrogate}/u
const REPLACEMENT = '\ufffd'

/** The text at `bytes[start..end]`. */
export function decodeText(bytes: NativeBuffer, start: number, end: number): string {
  const length = end - start
  if (length > SHORT) return decodeLong(bytes, start, end)
  let hash = length
  let all = 0
  for (let p = start; p < end; p++) {
    const byte = bytes[p]!
    all |= byte
    hash = (Math.imul(hash, 31) + byte) | 0
  }
  if (all >= 0x80) return decodeLong(bytes, start, end)
  const slot = (hash ^ (hash >>> 10)) & (KNOWN - 1)
  const text = known[slot]!
  if (text.length === length && isText(text, bytes, start)) return text
  return (known[slot] = length < MAKE.length ? MAKE[length]!(bytes, start) : bytes.latin1Slice(start, end))
}

function isText(text: string, bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[start + i]) return false
  return true
}

function decodeLong(bytes: NativeBuffer, start: number, end: number): string {
  const text = bytes.utf8Slice(start, end)
  // A replacement character may stand for itself, for a surrogate, or for an error.
  return text.includes(REPLACEMENT) ? decodeStrictly(bytes, start, end) : text
}

function decodeStrictly(bytes: Uint8Array, start: number, end: number): string {
  const parts: string[] = []
  for (let p = start; p < end;) {
    const lead = bytes[p]!
    const size = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0
    let point = size < 2 ? lead : lead & (0xff >> (size + 1))
    for (let i = 1; i < size; i++) {
      const byte = p + i < end ? bytes[p + i]! : 0
      if (byte >> 6 !== 2) throw malformedText(p - start)
      point = (point << 6) | (byte & 0x3f)
    }
    const least = size === 3 ? 0x800 : size === 4 ? 0x10000 : 0
    if (size === 0 || point < least || point > 0x10ffff) throw malformedText(p - start)
    parts.push(String.fromCodePoint(point))
    p += size
  }
  return parts.join('')
}

function malformedText(at: number): Error {
  return new Error(`a text is not UTF-8 at its byte ${at}`)
}

/** Writes `text`, for which there must be room, and returns how many bytes it took. */
export function encodeText(bytes: NativeBuffer, text: string, offset: number): number {
  const written = bytes.utf8Write(text, offset)
  return written !== text.length && LONE_SURROGATE.test(text) ? encodeSurrogates(bytes, text, offset) : written
}

function encodeSurrogates(bytes: NativeBuffer, text: string, offset: number): number {
  let p = offset
  for (const character of text) {
    const point = character.codePointAt(0)!
    if (point >= 0xd800 && point <= 0xdfff) {
      bytes[p++] = 0xe0 | (point >> 12)
      bytes[p++] = 0x80 | ((point >> 6) & 0x3f)
      bytes[p++] = 0x80 | (point & 0x3f)
    } else {
      p += bytes.utf8Write(character, p)
    }
  }
  return p - offset
}
