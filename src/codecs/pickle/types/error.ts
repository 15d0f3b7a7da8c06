/** An exception of Python's. `message` is what Python prints of it. */
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
