import { onAbort } from '../event-loop/abort.js'
import { type Address, checkedAddress, shown } from './address.js'
import { clearTimeout, setTimeout } from '../event-loop/timers.js'
import * as check from './arguments.js'
import { type Authentication, type AuthenticationOptions, authentication } from './authentication.js'
import { resolve } from '../native/binding.js'
import { dns, net } from '../native/builtins.js'
import { Deadline, sleep } from '../event-loop/blocking.js'
import { Connecting, connectingSync, type HowToConnect } from '../connection/connecting.js'
import { CONNECT, CONNECT_SYNC, type ConnectOptions, type ConnectSyncOptions } from './connect-options.js'
import { Connection } from './connection.js'
import { environmentOf } from '../event-loop/environment.js'
import { SystemError, TimeoutError } from './errors.js'
import { type Authenticated, Handshake, shakeHandsSync } from '../connection/handshake.js'
import { keepAliveTime } from './keep-alive.js'
import { type ConnectionOptions, Descriptors, settings } from './options.js'
import { Retry } from '../connection/retry.js'
import { assertShares } from './transport.js'
import { closeDescriptor } from '../native/numbers.js'
import { checked } from '../native/status.js'

/** An attempt to connect that has not begun: its options have been checked. */
interface Prepared {
  readonly to: Address
  /** How long all of it may take. */
  readonly milliseconds: number
  readonly attempts: Retry
  readonly how: Authentication | undefined
  readonly socket: HowToConnect
  /** The options of the connection. */
  readonly rest: ConnectionOptions
}

function prepared(address: Address, options: ConnectSyncOptions): Prepared {
  const { family, timeout = Infinity, retry = false, ...rest } = options
  const to = checkedAddress(address, family)
  const milliseconds = check.timeout(timeout)
  const attempts = new Retry(check.boolean('retry', retry))
  const idle = keepAliveTime(rest)
  const how = authentication(withinTimeout(rest, timeout))
  const { descriptors, ringSize } = settings(rest)
  assertShares(ringSize, to)
  // With a key, descriptors are taken once the listener has proved that it knows it.
  return {
    to,
    milliseconds,
    attempts,
    how,
    socket: { descriptors: !how && descriptors !== Descriptors.None, idle },
    rest,
  }
}

/** See `connect.ts`. */
export async function connect<TRecv = unknown, TSend = TRecv>(
  address: Address,
  options?: ConnectOptions,
): Promise<Connection<TRecv, TSend>> {
  const { signal, ...others } = check.options(options, CONNECT)
  const { to, milliseconds, attempts, how, socket, rest } = prepared(address, others)
  const abort = check.abortSignal(signal)
  abort?.throwIfAborted()

  // Ends the attempt early, at whichever step it is.
  const limit = new AbortController()
  const unwatch = abort && onAbort(abort, () => limit.abort(abort.reason))
  const timer =
    milliseconds === Infinity
      ? undefined
      : setTimeout(() => limit.abort(timedOut(to, milliseconds, attempts.last)), Math.min(milliseconds, 0x7fffffff))
  const environment = environmentOf()
  environment.hold()
  try {
    const fd = await reached(to, socket, attempts, limit.signal)
    if (!how) return offering(fd, rest)
    const { id, legacy } = await ending<Authenticated>(
      limit.signal,
      (end) => new Handshake(fd, 'connect', to, how, end),
    )
    return offering(environment.native.detach(id), rest, legacy)
  } finally {
    environment.release()
    clearTimeout(timer)
    unwatch?.()
  }
}

/** See `connect.ts`. */
export function connectSync<TRecv = unknown, TSend = TRecv>(
  address: Address,
  options?: ConnectSyncOptions,
): Connection<TRecv, TSend> {
  const { to, milliseconds, attempts, how, socket, rest } = prepared(address, check.options(options, CONNECT_SYNC))
  const environment = environmentOf()
  environment.sends.flush()
  const deadline = new Deadline(milliseconds)
  const fd = reachedSync(to, socket, attempts, deadline, () => timedOut(to, milliseconds, attempts.last))
  if (!how) return offering(fd, rest)
  const { id, legacy } = shakeHandsSync(fd, 'connect', to, how, deadline)
  return offering(environment.native.detach(id), rest, legacy)
}

/** The connection over a descriptor. If it can't be made because the peer accepts no shared memory, the descriptor is closed. */
function offering<TRecv, TSend>(fd: number, options: ConnectionOptions, legacy = false): Connection<TRecv, TSend> {
  try {
    return Connection.adopt(fd, options, { legacy, offers: true })
  } catch (error) {
    closeDescriptor(fd)
    throw error
  }
}

/** A descriptor that is connected to `to`, unless `signal` comes first. */
async function reached(to: Address, socket: HowToConnect, attempts: Retry, signal: AbortSignal): Promise<number> {
  for (;;) {
    try {
      const candidates = typeof to === 'string' ? [] : await lookedUp(to.host, to.port, signal)
      return await ending<number>(signal, (end) => new Connecting(to, candidates, socket, end))
    } catch (error) {
      await pause(attempts.after(error), signal)
    }
  }
}

/** As `reached`, blocking; throws what `late` makes when `deadline` comes first. */
function reachedSync(
  to: Address,
  socket: HowToConnect,
  attempts: Retry,
  deadline: Deadline,
  late: () => Error,
): number {
  for (;;) {
    try {
      const candidates = typeof to === 'string' ? [] : checked(() => resolve(to.host, to.port), to)
      return connectingSync(to, candidates, socket, deadline, late)
    } catch (error) {
      const milliseconds = attempts.after(error)
      sleep(Math.min(milliseconds, deadline.left()))
      if (deadline.expired()) throw late()
    }
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<void>((done) => {
    timer = setTimeout(done, milliseconds)
  })
  return unless(signal, over).finally(() => clearTimeout(timer))
}

/** A caller's `timeout` bounds the handshake too, so the default for handshakes does not apply. */
function withinTimeout<T extends AuthenticationOptions>(options: T, timeout: number): T {
  const { handshakeTimeout = timeout === Infinity ? undefined : timeout } = options
  return { ...options, handshakeTimeout }
}

/** `last` is why the last attempt failed, where there were several. */
function timedOut(to: Address, milliseconds: number, last: unknown): TimeoutError {
  const within = `connect ${shown(to)}: no connection within ${milliseconds} ms`
  if (last === undefined) return new TimeoutError(`${within}; is the listener accepting?`)
  return new TimeoutError(`${within}; the last attempt failed: ${(last as Error).message}`, { cause: last })
}

/** The addresses of a host in the order in which to try them. `localhost` is both loopbacks, as for a listener. */
async function lookedUp(host: string, port: number, signal: AbortSignal): Promise<{ host: string; port: number }[]> {
  if (host.toLowerCase() === 'localhost' || net().isIP(host) !== 0)
    return checked(() => resolve(host, port), { host, port })
  const looking = dns()
    .lookup(host, { all: true, verbatim: true })
    .catch((error: NodeJS.ErrnoException) => {
      const { code = 'ENOTFOUND', errno = 0 } = error
      const why =
        code === 'ENOTFOUND'
          ? 'no such host (ENOTFOUND); is its name right?'
          : `the host's name can't be looked up (${code}); is the network up?`
      const to = { host, port }
      throw new SystemError(`connect ${shown(to)}: ${why}`, code, errno, 'getaddrinfo', to)
    })
  const found = await unless(signal, looking)
  return found.map(({ address }) => ({ host: address, port }))
}

/** Resolves as `promise` does, unless `signal` comes first. */
function unless<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((done, failed) => {
    if (signal.aborted) throw signal.reason
    const unwatch = onAbort(signal, () => failed(signal.reason))
    // oxlint-disable-next-line promise/no-callback-in-promise -- they are this promise's own
    void promise.then(done, failed).finally(unwatch)
  })
}

/** A step that reports how it ended. */
interface Step {
  /** Goes on as far as it can. */
  ready(): void
  abandon(): void
  /** The time is up: fails with what it waited for. */
  expire?(): void
}

interface End<T> {
  done(value: T): void
  failed(error: unknown): void
}

/** Runs a step to its end, or until `signal`. The step ends in `ready` at the earliest. */
function ending<T>(signal: AbortSignal, start: (end: End<T>) => Step): Promise<T> {
  return new Promise((resolved, rejected) => {
    const step = start({
      done(value) {
        unwatch()
        resolved(value)
      },
      failed(error) {
        unwatch()
        rejected(error)
      },
    })
    if (signal.aborted) {
      step.abandon()
      throw signal.reason
    }
    const unwatch = onAbort(signal, () => {
      if (signal.reason instanceof TimeoutError && step.expire) {
        step.expire()
        return
      }
      step.abandon()
      rejected(signal.reason)
    })
    step.ready()
  })
}
