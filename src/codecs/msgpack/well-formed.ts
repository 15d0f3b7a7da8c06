/** How deep arrays and maps may lie inside each other. */
export const DEPTH_MAX = 1000

/**
 * The fault that keeps a message from being one MessagePack value, if there is one. Afterwards every length in it is known to be true, so
 * that its reader may take memory by them.
 */
export function faultOf(bytes: Uint8Array, start: number, end: number): string | undefined {
  /** How many values are still to come in the arrays and maps around the innermost one. */
  const around: number[] = []
  let at = start
  for (let left = 1; ; left--) {
    while (left === 0) {
      if (around.length === 0) return at === end ? undefined : `${end - at} bytes follow the value`
      left = around.pop()!
    }
    if (at >= end) return 'the message ends too early'
    const kind = bytes[at++]!
    if (kind < 0x80 || kind >= 0xe0) continue
    let values = 0
    if (kind < 0x90) values = 2 * (kind & 15)
    else if (kind < 0xa0) values = kind & 15
    else if (kind < 0xc0) at += kind & 31
    else if (kind === 0xc1) return 'no value begins with the byte 0xc1'
    else {
      const [size, each, fixed] = FORMATS[kind - 0xc0]!
      if (size > end - at) return 'the message ends too early'
      let length = 0
      for (let n = 0; n < size; n++) length = length * 256 + bytes[at + n]!
      at += size + fixed
      if (each === BYTES) at += length
      else values = each * length
    }
    if (values > end - at || at > end) return 'the message ends too early'
    if (values === 0) continue
    if (around.length === DEPTH_MAX) return `it lies deeper than ${DEPTH_MAX} arrays and maps inside each other`
    // The one that has just begun is no longer to come.
    around.push(left - 1)
    left = values + 1
  }
}

/** A length that counts bytes. */
const BYTES = 0

/** Of the formats from 0xc0 on: how many bytes a length has, how many values it counts each time, and the bytes besides. */
const FORMATS: readonly (readonly [number, number, number])[] = [
  // nil, (never used), false, true
  [0, BYTES, 0],
  [0, BYTES, 0],
  [0, BYTES, 0],
  [0, BYTES, 0],
  // bin 8 to 32, ext 8 to 32
  [1, BYTES, 0],
  [2, BYTES, 0],
  [4, BYTES, 0],
  [1, BYTES, 1],
  [2, BYTES, 1],
  [4, BYTES, 1],
  // float 32 and 64, uint 8 to 64, int 8 to 64
  [0, BYTES, 4],
  [0, BYTES, 8],
  [0, BYTES, 1],
  [0, BYTES, 2],
  [0, BYTES, 4],
  [0, BYTES, 8],
  [0, BYTES, 1],
  [0, BYTES, 2],
  [0, BYTES, 4],
  [0, BYTES, 8],
  // fixext 1 to 16
  [0, BYTES, 2],
  [0, BYTES, 3],
  [0, BYTES, 5],
  [0, BYTES, 9],
  [0, BYTES, 17],
  // str 8 to 32, array 16 and 32, map 16 and 32
  [1, BYTES, 0],
  [2, BYTES, 0],
  [4, BYTES, 0],
  [2, 1, 0],
  [4, 1, 0],
  [2, 2, 0],
  [4, 2, 0],
]
