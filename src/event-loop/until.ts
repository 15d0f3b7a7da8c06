import { onAbort } from './abort.js'
import { Deadline } from './blocking.js'
import { type Environment, environmentOf } from './environment.js'
import { clearTimeout, setTimeout } from './timers.js'
import type { Source } from './waitable.js'

/** The longest time that a timer takes, in milliseconds. */
const TIMER_MAX = 0x7fffffff

/** Returns the sources that are ready now: one call to the reactor covers all of them. */
export function look(environment: Environment, sources: Source[], blocking: boolean): Source[] {
  for (const each of sources) each.arm()
  environment.wait(0)
  return sources.filter((each) => each.isReady(blocking))
}

/** Waits until one of `sources` is ready; resolves with those that are. */
export async function until(sources: Source[], milliseconds: number, signal?: AbortSignal): Promise<Source[]> {
  const environment = environmentOf()
  const { reads } = environment
  signal?.throwIfAborted()
  // A program that asks repeatedly while its peer sends without pause yields to everything else here.
  if (!reads.mayDeliver()) await reads.nextTurn()
  const ready = look(environment, sources, false)
  if (ready.length > 0 || sources.length === 0 || milliseconds === 0) return ready
  return untilTold(sources, milliseconds, signal)
}

/** Whether `source` is ready within `milliseconds`. */
export async function untilReady(source: Source, milliseconds: number, signal?: AbortSignal): Promise<boolean> {
  return (await until([source], milliseconds, signal)).length > 0
}

/** Like `untilReady`, when everything `source` had is already read: anything new will be reported, so no query is needed. */
export async function untilReported(source: Source, milliseconds: number, signal?: AbortSignal): Promise<boolean> {
  source.arm()
  return (await untilTold([source], milliseconds, signal)).length > 0
}

function untilTold(sources: Source[], milliseconds: number, signal: AbortSignal | undefined): Promise<Source[]> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) throw signal.reason
    const deadline = new Deadline(milliseconds)
    let timer: NodeJS.Timeout | undefined
    const end = (): void => {
      clearTimeout(timer)
      unwatch?.()
      for (const each of sources) each.unsubscribe(onChange)
    }
    const onChange = (changed: Source): void => {
      try {
        if (!changed.isReady(false)) return
        const all = sources.filter((each) => each.isReady(false))
        end()
        resolve(all)
      } catch (error) {
        end()
        reject(error)
      }
    }
    const onTime = (): void => {
      if (!deadline.expired()) {
        timer = setTimeout(onTime, Math.min(deadline.left(), TIMER_MAX))
        return
      }
      end()
      resolve([])
    }
    const unwatch =
      signal &&
      onAbort(signal, () => {
        end()
        reject(signal.reason)
      })
    try {
      for (const each of sources) each.subscribe(onChange)
      if (milliseconds !== Infinity) timer = setTimeout(onTime, Math.min(milliseconds, TIMER_MAX))
    } catch (error) {
      end()
      reject(error)
    }
  })
}
