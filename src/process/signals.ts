import { constants } from 'node:os'

/** The name of signal `number`; `null` where there is none. */
export function signalName(number: number | undefined): NodeJS.Signals | null {
  const found = Object.entries(constants.signals).find(([, each]) => each === number)
  return (found?.[0] as NodeJS.Signals | undefined) ?? null
}
