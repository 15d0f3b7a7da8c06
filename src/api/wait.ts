import * as check from './arguments.js'
import { Deadline } from '../event-loop/blocking.js'
import type { Connection } from './connection.js'
import { DescriptorSource } from '../event-loop/descriptor.js'
import { environmentOf } from '../event-loop/environment.js'
import { look, until } from '../event-loop/until.js'
import type { Listener } from './listener.js'
import { type OptionNames, owned } from './option-names.js'
import type { Process } from '../process/process.js'
import { type Source, type SourceOwner, source } from '../event-loop/waitable.js'

/**
 * An object that can be waited on: a connection; a listener (ready when an `accept` would not wait: with a key, when a peer has
 * proved that it knows it); a process (ready when it has ended); an open descriptor by its number, or as the `fd` of an object.
 * Waiting on a bare descriptor doesn't see messages that a connection has already read ahead from it. See {@link wait}.
 */
export type Waitable = Connection | Listener | Process | number | { readonly fd: number }

/** How long to wait. See {@link waitSync}. */
export interface WaitSyncOptions {
  /** Milliseconds; 0 just looks. Default: for ever. */
  timeout?: number | undefined
}

/**
 * @example
 * ```ts
 * import { pipe, wait } from 'carom'
 *
 * const [here] = pipe()
 * console.log(await wait([here], { timeout: 20 })) // []
 * console.log(await wait([here], { signal: AbortSignal.timeout(20) }).catch(() => 'aborted')) // aborted
 * ```
 */
export interface WaitOptions extends WaitSyncOptions {
  /** Ends the wait: it rejects with the signal's reason. Default: none. */
  signal?: AbortSignal | undefined
}

const WAIT: OptionNames<WaitOptions> = owned('wait', { timeout: true, signal: true })
const WAIT_SYNC: OptionNames<WaitSyncOptions> = owned('waitSync', { timeout: true })

/**
 * Waits until a receive on one of `objects` would not wait, because a message, or the end, is there. Resolves with all that are
 * ready, each once and in the order given; with `[]` when the time is up, and at once if there is nothing to wait on.
 *
 * @example
 * ```ts
 * import { pipe, wait } from 'carom'
 *
 * const [one, first] = pipe()
 * const [two, second] = pipe()
 * await second.send('from the second')
 * const ready = await wait([one, two], { timeout: 1000 })
 * console.log(ready.length, ready[0] === two) // 1 true
 * console.log(await ready[0]?.recv()) // from the second
 * ```
 */
export async function wait<T extends Waitable>(objects: Iterable<T>, options?: WaitOptions): Promise<T[]> {
  const { timeout = Infinity, signal } = check.options(options, WAIT)
  const [milliseconds, abort] = [check.timeout(timeout), check.abortSignal(signal)]
  using sources = new Sources(objects)
  return sources.objectsOf(await until(sources.list, milliseconds, abort))
}

/**
 * As `wait`, blocking.
 *
 * @example
 * ```ts
 * import { pipe, waitSync } from 'carom'
 *
 * const [here, there] = pipe()
 * console.log(waitSync([here], { timeout: 0 })) // []
 * there.sendSync('hello')
 * console.log(waitSync([here])[0] === here) // true
 * ```
 */
export function waitSync<T extends Waitable>(objects: Iterable<T>, options?: WaitSyncOptions): T[] {
  const { timeout = Infinity } = check.options(options, WAIT_SYNC)
  const milliseconds = check.timeout(timeout)
  using sources = new Sources(objects)
  const environment = environmentOf()
  // A peer may be waiting for something that was sent before.
  environment.sends.flush()
  const deadline = new Deadline(milliseconds)
  let ready = look(environment, sources.list, true)
  while (ready.length === 0 && sources.list.length > 0 && !deadline.expired()) {
    environment.wait(deadline.slice())
    ready = sources.list.filter((each) => each.isReady(true))
  }
  return sources.objectsOf(ready)
}

/** The sources of a call's objects, in their order, and back. */
class Sources<T extends Waitable> implements Disposable {
  readonly #objects = new Map<Source, T>()
  readonly #descriptors: DescriptorSource[] = []

  constructor(objects: Iterable<T>) {
    if (
      typeof (objects as Iterable<T> | null | undefined)?.[Symbol.iterator] !== 'function' ||
      typeof objects === 'string'
    ) {
      throw check.invalidType('objects', 'an iterable of connections and descriptors', objects)
    }
    try {
      for (const object of new Set(objects)) this.#objects.set(this.#sourceOf(object), object)
    } catch (error) {
      this[Symbol.dispose]()
      throw error
    }
  }

  get list(): Source[] {
    return [...this.#objects.keys()]
  }

  objectsOf(sources: Source[]): T[] {
    return sources.map((each) => this.#objects.get(each) as T)
  }

  #sourceOf(object: Waitable): Source {
    const own = (object as Partial<SourceOwner> | null | undefined)?.[source]
    if (own) return own
    const fd = typeof object === 'number' ? object : (object as { fd?: unknown } | null | undefined)?.fd
    if (typeof fd !== 'number') {
      throw check.invalidType(
        'each object',
        'a Connection, a Listener, a Process, a number or an object with an fd',
        object,
      )
    }
    const descriptor = new DescriptorSource(fd)
    this.#descriptors.push(descriptor)
    return descriptor
  }

  [Symbol.dispose](): void {
    for (const descriptor of this.#descriptors) descriptor.close()
  }
}
