import { ERROR, ERRORS, HAS_CAUSE, HAS_CODE, HAS_ERRORS, HAS_MESSAGE, HAS_NAME, HAS_STACK } from './format.js'
import type { Step } from './refusal.js'
import type { PartWriter } from './part-writer.js'

const { hasOwn } = Object

/** The properties that an error has by itself, whether or not they are enumerable. */
const OWN = ['name', 'message', 'stack', 'cause', 'errors', 'code'] as const

/** How many prototypes are searched for a class: a proxy may have an endless chain. */
const CLASSES_MAX = 100

/**
 * Writes an error. Programs attach things to errors that can never be sent, such as a request, or a response with its streams.
 * Those parts are left out, so that the error itself arrives.
 */
export function writeError(writer: PartWriter, error: Error, step: Step): void {
  const kind = kindOf(error)
  const name = text(error, 'name')
  const message = messageOf(error)
  const stack = text(error, 'stack')
  const code = attempt(() => (error as NodeJS.ErrnoException).code as unknown)
  const names = Object.keys(error)
  // An enumerable property goes with the fields, below, so that it stays enumerable.
  const listed = (key: (typeof OWN)[number]): boolean => names.includes(key)
  const has =
    (name !== undefined && name !== ERRORS[kind] && !listed('name') ? HAS_NAME : 0) |
    (message !== undefined && !listed('message') && (message !== '' || hasOwn(error, 'message')) ? HAS_MESSAGE : 0) |
    (stack !== undefined && !listed('stack') ? HAS_STACK : 0)
  writer.byte(ERROR)
  writer.byte(kind)
  const at = writer.at
  writer.byte(has)
  if (has & HAS_NAME) writer.text(name!)
  if (has & HAS_MESSAGE) writer.text(message!)
  if (has & HAS_STACK) writer.text(stack!)
  writer.enter(step)
  const parts: [number, string][] = [
    [HAS_CAUSE, 'cause'],
    [HAS_ERRORS, 'errors'],
  ]
  let more = 0
  for (const [bit, key] of parts) {
    if (hasOwn(error, key) && !listed(key as 'cause') && writer.attempt(() => writer.write(read(error, key), key)))
      more |= bit
  }
  if ((typeof code === 'string' || typeof code === 'number') && !listed('code')) {
    writer.write(code, 'code')
    more |= HAS_CODE
  }
  // Beyond the size that was reserved at `at`, the memory may be another by now.
  writer.patch(at, has | more)
  const fields = writer.at
  writer.reserve(8)
  writer.at += COUNT
  let count = 0
  for (const key of names) {
    const written = writer.attempt(() => {
      writer.reserve(0)
      writer.text(key)
      writer.write(read(error, key), key)
    })
    if (written) count++
  }
  for (let n = 0; n < COUNT; n++) writer.patch(fields + n, ((count >>> (7 * n)) & 127) | (n < COUNT - 1 ? 128 : 0))
  writer.leave()
}

/** A count that is written before it is known has this many bytes. */
const COUNT = 4

/** The number of the built-in class that an error's own class extends, in any realm. */
function kindOf(error: Error): number {
  let prototype = Object.getPrototypeOf(error) as object | null
  for (let n = 0; prototype !== null && n < CLASSES_MAX; n++) {
    const name: unknown = Object.getOwnPropertyDescriptor(prototype, 'name')?.value
    const kind = ERRORS.indexOf(name as 'Error')
    if (kind >= 0) return kind
    prototype = Object.getPrototypeOf(prototype) as object | null
  }
  return 0
}

function read(error: Error, key: string): unknown {
  return (error as unknown as Record<string, unknown>)[key]
}

function text(error: Error, key: string): string | undefined {
  const value = attempt(() => read(error, key))
  return typeof value === 'string' ? value : undefined
}

/** A message that is not a string is sent as the string that `structuredClone` and `toString` convert it to. */
function messageOf(error: Error): string | undefined {
  const value = attempt(() => {
    const message = read(error, 'message')
    return message === undefined ? undefined : String(message)
  })
  return value as string | undefined
}

function attempt(call: () => unknown): unknown {
  try {
    return call()
  } catch {
    return undefined
  }
}
