import type { PickleSettings } from '../options.js'

/** How an object is made: its class is called, or makes an object that is not initialized. */
export type Creation = 'call' | 'new'

/**
 * A thing that has a meaning inside a pickle only: a name, an unfinished object, a time zone. Once the pickle has been read, whatever
 * of it is part of the value is resolved: see `resolve.ts`.
 */
export abstract class Internal {
  /** Where the memo has it, if it does: what takes its place is put there. */
  slot = -1
  /** The value that a state made of it, if it made something else. */
  becomes: unknown = undefined
  /** The call that made it, and the state that it was given: all that a pickle says of an object. */
  callee: Internal | undefined = undefined
  args: unknown[] = []
  creation: Creation = 'call'
  state: unknown = undefined

  /** As Python calls it, for the refusal. */
  abstract get name(): string

  /** The value that `state` makes of it. */
  build(_state: unknown, _settings: PickleSettings): unknown {
    throw new Error(`a state for ${printable(this.name)} is not supported`)
  }
}

/** A tuple that has something internal in it, as the arguments of a constructor may. */
export class Arguments extends Internal {
  readonly items: unknown[]

  constructor(items: unknown[]) {
    super()
    this.items = items
  }

  get name(): string {
    return (this.items.find((item) => item instanceof Internal) as Internal).name
  }
}

/** The value that the call of a class or function would make in Python, made without it. */
export type Construct = (this: void, args: unknown[], name: string, settings: PickleSettings) => unknown

/** A class or function by its name. Of those on the allow-list it is known what a call makes. */
export class Global extends Internal {
  readonly module: string
  /** In the module. */
  readonly path: string
  readonly name: string
  readonly construct: Construct | undefined

  constructor(module: string, path: string, construct?: Construct) {
    super()
    this.module = module
    this.path = path
    this.name = `${module}.${path}`
    this.construct = construct
  }
}

/** An object to be made of a class without calling it, as a function of Python's `copyreg` says. */
export class NewObject extends Internal {
  readonly type: Internal
  readonly kwargs: Record<string, unknown> | undefined

  constructor(type: Internal, args: unknown[], kwargs?: Record<string, unknown>) {
    super()
    this.type = type
    this.args = args
    this.kwargs = kwargs
  }

  get name(): string {
    return this.type.name
  }
}

/**
 * An object that no constructor of the allow-list makes: an exception, which has no form until its message is known; one of
 * a class that the program's options name; or one that is refused, or kept as what the pickle says of it.
 */
export class Reduction extends Internal {
  /** A `Global`, or what another call made. */
  declare callee: Internal
  /** Where the callee is what another call made, and so on: what the first of them calls. */
  readonly base: Internal
  readonly kwargs: Record<string, unknown> | undefined
  items: unknown[] | undefined = undefined
  entries: [unknown, unknown][] | undefined = undefined
  /** Whether it is an exception, by its name or by what the pickle does with it. */
  isError = false
  /** Of an exception, the one that it was raised from. */
  cause: unknown = undefined
  /** Why no constructor of the allow-list made it. */
  readonly reason: string | undefined
  /** The value that a constructor of the allow-list made of it, where the program's options want something else. */
  known: unknown = undefined
  /** When it was last added to, counted in such events: what is inside of something is complete before it. */
  completed = 0

  constructor(
    callee: Internal,
    args: unknown[],
    creation: Creation,
    kwargs?: Record<string, unknown>,
    reason?: string,
  ) {
    super()
    this.callee = callee
    this.base = callee instanceof Reduction ? callee.base : callee
    this.args = args
    this.creation = creation
    this.kwargs = kwargs
    this.reason = reason
  }

  get name(): string {
    return this.base.name
  }

  override build(state: unknown, settings: PickleSettings): this {
    this.state = state
    if (this.known instanceof Internal) this.known = this.known.build(state, settings)
    return this
  }
}

/** Arguments that no Python would have written. */
export function unexpectedArguments(name: string): Error {
  return new Error(`unexpected arguments for ${printable(name)}`)
}

/** A name that a peer chose, for a message. */
export function printable(name: string): string {
  return name.slice(0, 200).replaceAll(/[^\x20-\x7e]/g, '?')
}
