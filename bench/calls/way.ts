/** The elements of the large array: 100 MiB of doubles. */
export const ELEMENTS: number = (100 * (1 << 20)) / 8

/** A way to call the functions of another process (or thread), which runs. */
export interface Way {
  /** Calls the function that adds two numbers. */
  add(a: number, b: number): Promise<number>
  /** Makes `count` calls, some at once, where that is not by `add`. */
  many?(count: number): Promise<void>
  /** Hands the large array over; the result is its length and its last element. */
  give?(array: Float64Array): Promise<[number, number]>
  /** Asks for a large array. */
  take?(): Promise<Float64Array>
  close(): Promise<void> | void
}

/** The programs that a way may need. */
export interface Programs {
  /** A Python with numpy. */
  python: string
  /** The folder in which npm has installed the rivals. */
  packages: string
}

export type Open = (programs: Programs) => Promise<Way>
