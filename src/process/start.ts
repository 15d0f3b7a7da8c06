/** What a parent and the child that it starts say to each other. */

/** The child's descriptors: the parent tells on this one what to run, and hears on it how the start went. */
export const CONTROL = 3
/** Nothing is ever sent on this one: its end is the end of the process that has the other end. */
export const LIFELINE = 4
/** The descriptors of connections and the like in the arguments, from here on. */
export const TRANSFERRED = 5

/** What to run. The arguments follow as a message of their own. */
export interface Start {
  module: string
  target: string
  name: string
  daemon: boolean
  /** How many descriptors there are from `TRANSFERRED` on. */
  descriptors: number
}

/** How the start went: the module was imported and has the target; or why not. */
export type Report = { failure?: undefined } | { failure: Failure }

export interface Failure {
  /** What the child was about to do. */
  doing: string
  name: string
  message: string
  stack: string | undefined
  code: string | undefined
}
