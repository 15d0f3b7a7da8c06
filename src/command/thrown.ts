import { PythonError } from '../codecs/pickle/types/error.js'
import { printable } from './terminal.js'
import { toLine } from './values.js'

/** How many causes of an error are printed. */
const CAUSES_MAX = 8

/** The error that the called function has thrown: its text is printed as it is. */
export class FunctionFailed extends Error {
  constructor(thrown: unknown) {
    super(printable(textOf(thrown)))
  }
}

/** An error as its own language prints it: its class and its message, and where it was thrown if the peer has told that. */
function textOf(thrown: unknown, causes = CAUSES_MAX): string {
  if (!(thrown instanceof Error)) return `thrown: ${toLine(thrown)}`
  const { name, message, stack, cause } = thrown
  if (thrown instanceof PythonError) {
    // A traceback has the class, the message and the causes.
    if (thrown.traceback !== undefined) return thrown.traceback.trimEnd()
    const { module } = thrown
    return said(module === '' || module === 'builtins' ? name : `${module}.${name}`, message)
  }
  // A peer that has told no stack leaves the first line of one.
  const text = stack === undefined || stack === `${name}: ${message}` ? said(name, message) : stack.trimEnd()
  return cause === undefined || causes === 0 ? text : `${text}\n[cause]: ${textOf(cause, causes - 1)}`
}

function said(name: string, message: string): string {
  return message === '' ? name : `${name}: ${message}`
}
