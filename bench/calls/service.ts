// The functions that are called, in Node.
import { ELEMENTS } from './way.ts'

const large = new Float64Array(ELEMENTS).fill(1)

export function add(a: number, b: number): number {
  return a + b
}

export function give(array: Float64Array): [number, number] {
  return [array.length, array.at(-1)!]
}

export function take(): Float64Array {
  return large
}
