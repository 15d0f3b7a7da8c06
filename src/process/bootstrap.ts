/** The program that a `Process` starts: it imports the target's module, and calls the target. */

import { closeDescriptors } from '../native/numbers.js'
import { endWith } from '../native/binding.js'
import { os } from '../native/builtins.js'
import { coderOf, decode } from '../codecs/codec.js'
import { Connection } from '../api/connection.js'
import type * as Serve from '../calls/serve.js'
import { EOFError, SystemError } from '../api/errors.js'
import { Handle } from '../api/handle.js'
import { Listener } from '../api/listener.js'
import { Memory } from '../connection/memory.js'
import { assumeMainThread } from '../event-loop/blocking.js'
import { nextTick, setImmediate } from '../event-loop/timers.js'
import { Arrived } from '../wire/arrived.js'
import { hideCompileCache } from './compile-cache.js'
import { become, importing } from './current.js'
import { encodeReport, type Failure, failureOf, shownModule } from './report.js'
import { ARGUMENTS, CONTROL, decodeStart, placesOf } from './start.js'

/** Milliseconds that a daemon has after SIGTERM, when its parent has ended, before SIGKILL. */
const GRACE = 5000

/** The classes that may be among the arguments: a bundler must not leave out how they are made. */
export const makers: readonly unknown[] = [Connection, Listener, Handle]

type Target = (...args: unknown[]) => unknown

async function prepare(control: Connection): Promise<() => unknown> {
  const start = decodeStart(control.recvBytesSync())
  const { module, target: name, daemon } = start
  const { lifeline, descriptors } = placesOf(start)
  if (start.cached) hideCompileCache()
  let doing = 'decode the arguments'
  // An uncaught exception ends this process; the parent gets the exception, not only the exit.
  const onUncaught = (error: unknown): void => {
    if (process.listenerCount('uncaughtException') === 0) report(control, failureOf(doing, error))
  }
  process.on('uncaughtExceptionMonitor', onUncaught)
  try {
    become(start.name, daemon)
    importing(shownModule(module))
    if (lifeline !== undefined) endWith(lifeline, GRACE)
    const args = argumentsOf(control.recvBytesSync(), descriptors)
    doing = `import ${shownModule(module)}`
    const namespace = (await import(module)) as Record<string, unknown>
    // Something that the module has begun and nobody awaits may have failed: then this process ends now.
    await new Promise((resolve) => setImmediate(resolve))
    doing =
      name === undefined ? `serve ${shownModule(module)}` : `find the function '${name}' in ${shownModule(module)}`
    const run = name === undefined ? serving(args[0] as Connection, namespace) : calling(find(namespace, name), args)
    report(control, undefined)
    importing(undefined)
    await control.close()
    return run
  } catch (error) {
    if (!report(control, failureOf(doing, error))) console.error(error)
    process.exit(1)
  } finally {
    process.off('uncaughtExceptionMonitor', onUncaught)
  }
}

/** A failure ends the process, and closes its descriptors with it. */
function argumentsOf(bytes: Buffer, descriptors: readonly number[]): unknown[] {
  const arrived = Arrived.withArguments(descriptors, closeDescriptors)
  const args = decode(coderOf(ARGUMENTS), new Memory(bytes), 0, bytes.length, arrived) as unknown[]
  arrived.finish(true)
  return args
}

/** Whether the parent can be told. Where it has ended, a child that is no daemon goes on without it. */
function report(control: Connection, failure: Failure | undefined): boolean {
  try {
    control.sendBytesSync(encodeReport(failure))
    return true
  } catch (error) {
    const gone = error instanceof SystemError && error.errno === -os().constants.errno.EPIPE
    if (!gone && !failure) throw error
    return false
  }
}

function calling(target: Target, args: unknown[]): () => unknown {
  return () => target(...args)
}

/** Loaded on first use: most processes call one function. */
function serving(connection: Connection, namespace: Record<string, unknown>): () => unknown {
  const { serve, servable } = require('../calls/serve.js') as typeof Serve
  const functions = servable(namespace, namespace['default'])
  return () => serve(connection, functions, { stacks: true })
}

function find(namespace: Record<string, unknown>, name: string): Target {
  // The default export of a CommonJS module is its `module.exports`, which a compiler may have given a `default` in turn.
  const inner = namespace['default'] as Record<string, unknown> | null | undefined
  for (const candidate of [namespace[name], inner?.[name]]) {
    if (typeof candidate === 'function') return candidate as Target
  }
  const functions = Object.keys(namespace).filter((each) => typeof namespace[each] === 'function')
  const found =
    functions.length > 0 ? `the functions ${functions.join(', ')}: name one of them as target` : 'no function'
  throw new TypeError(`the module exports ${name in namespace ? 'something else by that name, and ' : ''}${found}`)
}

async function main(): Promise<void> {
  let run: (() => unknown) | undefined
  try {
    run = await prepare(Connection.fromFd(CONTROL, { codec: 'json', descriptors: false }))
  } catch (error) {
    // The parent has ended meanwhile: there is nothing to do, and nobody to tell.
    if (!(error instanceof EOFError)) throw error
  }
  await run?.()
}

assumeMainThread()
// As an uncaught exception, whatever Node was told to do with rejections that nobody handles.
main().catch((error: unknown) =>
  nextTick(() => {
    throw error
  }),
)
