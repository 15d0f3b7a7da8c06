/** The report of a child to its parent: it has found the target, or why it has not. */

/** The most characters of one text in a report; what is beyond is cut off. */
const TEXT_MAX = 32 * 1024

/** The longest report that a parent takes, in bytes: more than five texts make. */
export const REPORT_MAX: number = 1024 * 1024

export interface Failure {
  /** The step that the child was about to take. */
  doing: string
  name: string
  message: string
  stack: string | undefined
  code: string | undefined
}

/** The report that `doing` failed, of whatever was thrown: objects whose getters throw in turn, too. */
export function failureOf(doing: string, thrown: unknown): Failure {
  const of = (key: keyof NodeJS.ErrnoException): unknown => {
    try {
      return thrown instanceof Error ? (thrown as NodeJS.ErrnoException)[key] : undefined
    } catch {
      return undefined
    }
  }
  return {
    doing: cut(doing),
    name: text(of('name')) ?? 'Error',
    message: text(of('message')) ?? cut(shown(thrown)),
    stack: text(of('stack')),
    code: text(of('code')),
  }
}

function shown(thrown: unknown): string {
  try {
    return String(thrown)
  } catch {
    return 'something that has no text was thrown'
  }
}

/** A module by its URL, in an error: of one that is all in its URL, the beginning. */
export function shownModule(url: string): string {
  return url.startsWith('data:') && url.length > 60 ? `${url.slice(0, 60)}…` : url
}

/** `failure` is `undefined` where there is none. */
export function encodeReport(failure: Failure | undefined): Uint8Array {
  return Buffer.from(JSON.stringify({ failure }))
}

/**
 * Why the child has failed, from its report; `undefined` where it has not. The child runs anybody's code by then, so that nothing
 * of what it says is believed: throws where it is no report.
 */
export function decodeReport(bytes: Uint8Array): Failure | undefined {
  const report = JSON.parse(Buffer.from(bytes).toString()) as unknown
  if (typeof report !== 'object' || report === null) throw new TypeError('a report must be an object')
  const failure = own(report, 'failure')
  if (failure === undefined) return undefined
  if (typeof failure !== 'object' || failure === null) throw new TypeError('a failure must be an object')
  return {
    doing: text(own(failure, 'doing')) ?? 'start',
    name: text(own(failure, 'name')) ?? 'Error',
    message: text(own(failure, 'message')) ?? '',
    stack: text(own(failure, 'stack')),
    code: text(own(failure, 'code')),
  }
}

function own(object: object, key: string): unknown {
  return Object.hasOwn(object, key) ? (object as Record<string, unknown>)[key] : undefined
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? cut(value) : undefined
}

function cut(value: string): string {
  return value.length > TEXT_MAX ? `${value.slice(0, TEXT_MAX)}…` : value
}

/** The error that the child met, as it is shown in the parent. */
export function errorOf({ name, message, stack, code }: Failure): Error {
  const error = new Error(message)
  const hidden = (value: unknown): PropertyDescriptor => ({ value, configurable: true, writable: true })
  Object.defineProperty(error, 'name', hidden(name))
  Object.defineProperty(error, 'stack', hidden(stack ?? `${name}: ${message}`))
  return code === undefined ? error : Object.assign(error, { code })
}
