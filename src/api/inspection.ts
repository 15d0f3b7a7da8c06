import { inspect, type InspectOptions } from 'node:util'

/** The key under which an object says how `util.inspect` shows it. */
export const inspection: typeof inspect.custom = inspect.custom

/** How an object with private state is shown: its class's name, and what helps to debug. What is `undefined` is left out. */
export function shownAs(name: string, state: Record<string, unknown>, depth: number, options: InspectOptions): string {
  if (depth < 0) return `[${name}]`
  const said = Object.fromEntries(Object.entries(state).filter(([, value]) => value !== undefined))
  return `${name} ${inspect(said, options)}`
}
