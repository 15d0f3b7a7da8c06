// How the bytes of a codec, or of a handshake, begin, and what to do where something else is expected.

import { faultOf } from './msgpack/well-formed.js'

/** Texts longer than this are judged by their ends. */
const PARSED = 64 * 1024

/** The kind of a message that is plainly not of the codec `own`, and the option to set; else nothing. */
export function hint(bytes: Uint8Array, start: number, end: number, own: string | undefined): string | undefined {
  const codec = codecOf(bytes, start, end)
  if (codec === undefined || codec === own) return undefined
  if (codec === 'handshake') {
    return own === undefined
      ? undefined
      : 'this is a message of a handshake: the listener uses an authkey, and so must this end; give it the option authkey'
  }
  const peer =
    codec === 'pickle' ? "a pickle, from Python or an end with the codec 'pickle'" : `a message of the codec '${codec}'`
  return `this is ${peer}: set codec: '${codec}' at this end, or the other codec at the peer`
}

type Kind = 'structured' | 'json' | 'v8' | 'msgpack' | 'pickle' | 'handshake'

function codecOf(bytes: Uint8Array, start: number, end: number): Kind | undefined {
  const [first, second] = [bytes[start]!, bytes[start + 1]!]
  if (end - start < 2) return undefined
  if (first === 0xc1) return 'structured'
  if (first === 0xff && second >= 0x0d && second <= 0x20) return 'v8'
  const last = bytes[end - 1]!
  if (first === 0x80 && second >= 2 && second <= 5 && last === 0x2e) return 'pickle'
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, Math.min(end - start, PARSED)).toString('latin1')
  if (/^#(?:CHALLENGE|WELCOME|FAILURE)#/.test(text)) return 'handshake'
  if (/^\s*[[{"]/.test(text) && isJson(text, end - start, last)) return 'json'
  if (/^[(\]}IFVSUXcNKJML]/.test(text) && last === 0x2e) return 'pickle'
  return isMessagePack(bytes, start, end) ? 'msgpack' : undefined
}

function isJson(text: string, size: number, last: number): boolean {
  if (size > text.length) return last === 0x7d || last === 0x5d || last === 0x22
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** Whether a message is one whole MessagePack value that is more than a number. */
function isMessagePack(bytes: Uint8Array, start: number, end: number): boolean {
  const first = bytes[start]!
  const some = first >= 0x80 && first < 0xe0 && first !== 0xc0 && first !== 0xc2 && first !== 0xc3
  return some && faultOf(bytes, start, end) === undefined
}
