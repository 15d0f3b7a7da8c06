import { atPlace, item, PlacedError, placeOf, property } from '../path.js'

/** A step from a value to a part of it: a property's name, an element's number, or a part of a `Map` or a `Set`. */
export type Step = string | number | OtherStep

/** A step that a program writes as a call. */
export interface OtherStep {
  readonly text: string
}

/** The error for a part of a value that can't be represented in a message. */
export function unsendable(what: string, steps: readonly Step[], options?: ErrorOptions): TypeError {
  return new Unsendable(atPlace(pathText(steps), what), options)
}

/** An exception thrown by a getter or a proxy of the program, with the path to the object that was being read. */
export function thrownAt(error: unknown, steps: readonly Step[]): unknown {
  if (error instanceof Unsendable || steps.length === 0) return error
  const message = error instanceof Error ? error.message : String(error)
  return new PlacedError(`${pathText(steps)}: ${message}`, { cause: error })
}

/** Names its place already. */
class Unsendable extends TypeError {}

/** The path to a part, as a program would write it: `server.plugins[1].onLoad`. */
export function pathText(steps: readonly Step[]): string {
  return placeOf(steps.map(stepText))
}

function stepText(step: Step): string {
  return typeof step === 'object' ? step.text : typeof step === 'number' ? item(step) : property(step)
}
