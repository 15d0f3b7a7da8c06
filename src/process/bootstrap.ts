/** The program that a `Process` starts: it imports the target's module, and calls the target. */

import { closeDescriptor } from '../native/numbers.js'
import { endWith } from '../native/binding.js'
import { coderOf, decode } from '../codecs/codec.js'
import { Connection } from '../api/connection.js'
import { EOFError } from '../api/errors.js'
import { Handle } from '../api/handle.js'
import { Listener } from '../api/listener.js'
import { Memory } from '../connection/memory.js'
import { Arrived } from '../wire/arrived.js'
import { become } from './current.js'
import { CONTROL, type Failure, LIFELINE, type Report, type Start, TRANSFERRED } from './start.js'

/** Milliseconds that a daemon has after SIGTERM, when its parent has ended, before SIGKILL. */
const GRACE = 5000

/** What may be among the arguments: a bundler must not leave out how they are made. */
export const makers: readonly unknown[] = [Connection, Listener, Handle]

type Target = (...args: unknown[]) => unknown

async function prepare(control: Connection<Start, Report>): Promise<() => unknown> {
  const { module, target: name, name: own, daemon, descriptors } = control.recvSync()
  let doing = 'decode the arguments'
  try {
    become(own, daemon)
    if (daemon) endWith(LIFELINE, GRACE)
    const bytes = control.recvBytesSync()
    const fds = Array.from({ length: descriptors }, (_, n) => TRANSFERRED + n)
    // Where it fails, the process ends, and its descriptors with it.
    const arrived = new Arrived(fds, closeDescriptor)
    const args = decode(coderOf('msgpack'), new Memory(bytes), 0, bytes.length, arrived) as unknown[]
    arrived.finish(true)
    doing = `import ${module}`
    const namespace = (await import(module)) as Record<string, unknown>
    doing = `find the function '${name}' in ${module}`
    const target = find(namespace, name)
    control.sendSync({})
    await control.close()
    return () => target(...args)
  } catch (error) {
    control.sendSync({ failure: failure(doing, error) })
    process.exit(1)
  }
}

function find(namespace: Record<string, unknown>, name: string): Target {
  // The default export of a CommonJS module is its `module.exports`, which a compiler may have given a `default` in turn.
  const inner = namespace['default'] as Record<string, unknown> | null | undefined
  for (const candidate of [namespace[name], inner?.[name]]) {
    if (typeof candidate === 'function') return candidate as Target
  }
  const functions = Object.keys(namespace).filter((each) => typeof namespace[each] === 'function')
  const found = functions.length > 0 ? `the functions ${functions.join(', ')}` : 'no function'
  throw new TypeError(`the module exports ${name in namespace ? 'something else by that name, and ' : ''}${found}`)
}

function failure(doing: string, error: unknown): Failure {
  if (!(error instanceof Error)) {
    return { doing, name: 'Error', message: String(error), stack: undefined, code: undefined }
  }
  const { name, message, stack } = error
  const code: unknown = (error as NodeJS.ErrnoException).code
  return { doing, name, message, stack, code: typeof code === 'string' ? code : undefined }
}

async function main(): Promise<void> {
  let run: (() => unknown) | undefined
  try {
    run = await prepare(Connection.fromFd<Start, Report>(CONTROL, { codec: 'json' }))
  } catch (error) {
    // The parent has ended meanwhile: there is nothing to do, and nobody to tell.
    if (!(error instanceof EOFError)) throw error
  }
  await run?.()
}

void main()
