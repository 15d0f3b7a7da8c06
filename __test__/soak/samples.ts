// Memory and descriptors, over time.

import { readdirSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

/** Milliseconds within which descriptors that are not used any more are closed, on any machine. */
const SETTLING = 60_000

export interface Sample {
  /** Seconds since the beginning. */
  at: number
  rss: number
  external: number
  heap: number
  descriptors: number
}

export class Sampler implements Disposable {
  readonly samples: Sample[] = []
  readonly #begin = performance.now()
  readonly #timer: NodeJS.Timeout

  constructor(milliseconds: number) {
    this.#timer = setInterval(() => this.samples.push(this.#look()), milliseconds)
  }

  /** Memory and descriptors in use when nothing is under way, once they are no more than there were `before`, or that takes too long. */
  async quiet(before?: Sample): Promise<Sample> {
    const deadline = performance.now() + SETTLING
    const most = before?.descriptors ?? Infinity
    let sample: Sample
    let looks = 0
    do {
      gc()
      await new Promise((resolve) => setTimeout(resolve, 20))
      sample = this.#look()
    } while (++looks < 5 || (sample.descriptors > most && performance.now() < deadline))
    this.samples.push(sample)
    return sample
  }

  #look(): Sample {
    const { rss, external, heapUsed } = process.memoryUsage()
    const at = Math.round((performance.now() - this.#begin) / 100) / 10
    return { at, rss, external, heap: heapUsed, descriptors: readdirSync('/dev/fd').length - 1 }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }
}
