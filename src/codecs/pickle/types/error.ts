/**
 * An exception of Python's. `message` is what Python prints of it.
 *
 * @example
 * ```ts
 * import { Process } from 'carom'
 * import { PythonError } from 'carom/python'
 *
 * await using python = new Process(new URL('./fails.py', import.meta.url), { serve: true })
 * await python.start()
 * try {
 *   await python.remote.check(-1)
 * } catch (error) {
 *   if (error instanceof PythonError) {
 *     const { name, message, module, args, traceback, context, attributes, exceptions } = error
 *     console.log(`${name}: ${message}`, module, args, traceback?.includes('fails.py'))
 *     // ValueError: too small builtins [ 'too small' ] true
 *     console.log(context, attributes, exceptions) // undefined undefined undefined
 *   }
 * }
 * ```
 *
 * ```python
 * # fails.py
 * def check(n):
 *     if n < 0:
 *         raise ValueError('too small')
 * ```
 */
export class PythonError extends Error {
  /** The module of its class: `builtins`, for one that Python has itself. */
  readonly module: string
  /** The arguments that the exception was made with. */
  readonly args: unknown[]
  /** Attributes that were set on it later, such as the notes of `add_note`. */
  declare attributes?: Record<string, unknown>
  /** The exceptions of a group. */
  declare exceptions?: unknown[]
  /** The traceback as Python prints it; of a function that was called by `carom/calls`. */
  declare traceback?: string
  /** The exception that was being handled when this one was raised. */
  declare context?: unknown

  /** @param name - The class's. */
  constructor(name: string, args: unknown[], message: string, module = 'builtins') {
    super(message)
    this.name = name
    this.args = args
    this.module = module
  }
}
