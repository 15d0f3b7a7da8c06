/** How the bytes of a codec, or of a handshake, begin, and what to do where something else is expected. */

/** Texts longer than this are judged by their ends. */
const PARSED = 64 * 1024

/** What a message plainly is, if it is something else than the codec `own` takes it for, and what to set; else nothing. */
export function hint(bytes: Uint8Array, start: number, end: number, own: string | undefined): string | undefined {
  const codec = codecOf(bytes, start, end)
  if (codec === undefined || codec === own) return undefined
  if (codec === 'handshake') {
    return own === undefined
      ? undefined
      : "this is a message of a handshake: the peer's listener or client has an authkey: give this end the same authkey"
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
  if (first < 0x80 || first >= 0xe0 || first === 0xc0 || first === 0xc2 || first === 0xc3) return false
  let at = start
  for (let values = 1; values > 0; values--) {
    if (at >= end) return false
    const kind = bytes[at++]!
    if (kind < 0x80 || kind >= 0xe0) continue
    if (kind < 0x90) values += 2 * (kind & 15)
    else if (kind < 0xa0) values += kind & 15
    else if (kind < 0xc0) at += kind & 31
    else if (kind === 0xc1) return false
    else {
      const [head, each, fixed] = HEADS[kind - 0xc0]!
      let length = 0
      for (let n = 0; n < head; n++) length = length * 256 + (bytes[at + n] ?? 0)
      at += head + fixed
      if (each === 0) at += length
      else values += each * length
    }
    if (values > end - start + 1) return false
  }
  return at === end
}

/** Of the kinds from 0xc0 on: the bytes of a length, how many values it counts (0: bytes), and the bytes besides. */
const HEADS: readonly (readonly [number, number, number])[] = [
  ...([
    [0, 1, 0],
    [0, 1, 0],
    [0, 1, 0],
    [0, 1, 0],
  ] as const),
  ...([
    [1, 0, 0],
    [2, 0, 0],
    [4, 0, 0],
  ] as const),
  ...([
    [1, 0, 1],
    [2, 0, 1],
    [4, 0, 1],
  ] as const),
  ...([
    [0, 1, 4],
    [0, 1, 8],
  ] as const),
  ...([
    [0, 1, 1],
    [0, 1, 2],
    [0, 1, 4],
    [0, 1, 8],
    [0, 1, 1],
    [0, 1, 2],
    [0, 1, 4],
    [0, 1, 8],
  ] as const),
  ...([
    [0, 1, 2],
    [0, 1, 3],
    [0, 1, 5],
    [0, 1, 9],
    [0, 1, 17],
  ] as const),
  ...([
    [1, 0, 0],
    [2, 0, 0],
    [4, 0, 0],
  ] as const),
  ...([
    [2, 1, 0],
    [4, 1, 0],
    [2, 2, 0],
    [4, 2, 0],
  ] as const),
]
