import { atPlace, item, PlacedError, placeOf, property } from '../path.js'

/** A step from a value to a part of it: a property's name, an element's number, or a part of a `Map` or a `Set`. */
export type Step = string | number | OtherStep

/** A step that a program writes as a call. */
export interface OtherStep {
  readonly text: string
}

/** A part of a value that has no form in a message. */
export function unsendable(what: string, steps: readonly Step[], options?: ErrorOptions): TypeError {
  return new Unsendable(atPlace(pathText(steps), what), options)
}

/** The exception that a getter or a proxy of the program's threw, with the way to the object that it was read of. */
export function thrownAt(error: unknown, steps: readonly Step[]): unknown {
  if (error instanceof Unsendable || steps.length === 0) return error
  const message = error instanceof Error ? error.message : String(error)
  return new PlacedError(`${pathText(steps)}: ${message}`, { cause: error })
}

/** Names its place already. */
class Unsendable extends TypeError {}

/** How a program would write the way to a part: `server.plugins[1].onLoad`. */
export function pathText(steps: readonly Step[]): string {
  return placeOf(steps.map(stepText))
}

function stepText(step: Step): string {
  return typeof step === 'object' ? step.text : typeof step === 'number' ? item(step) : property(step)
}
