/** Undocumented methods of Node's, Bun's and Deno's buffers, which do the work of `toString` and `write` without the checks. */
export interface EngineBuffer extends Buffer {
  latin1Slice(start: number, end: number): string
  ucs2Slice(start: number, end: number): string
  ucs2Write(text: string, offset: number, length: number): number
  utf8Write(text: string, offset: number, length: number): number
  hexSlice(start: number, end: number): string
  hexWrite(text: string, offset: number, length: number): number
}

/** Memory that was never written. */
export function allocate(size: number): EngineBuffer {
  return Buffer.allocUnsafeSlow(size) as EngineBuffer
}

/** All of a buffer. */
export function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}
