import { accessSync } from 'node:fs'

import { StartError } from '../api/errors.js'

/** The program of a `Process`, a file beside this one, and then the file that only this program loads. */
const FILES = files()
export const BOOTSTRAP: string = FILES[0]

/** Tracers see the files by these expressions, in this form, and don't look into them. */
function files(): [string, ...string[]] {
  try {
    return [`${__dirname}/bootstrap.cjs`, `${__dirname}/serve.cjs`]
  } catch {
    // A bundle that is an ES module can't say where it is.
    return ['']
  }
}

/** Throws a `StartError` where the program isn't there: bundlers don't see that it is needed. */
export function assertBootstrap(): void {
  try {
    for (const file of FILES) accessSync(file)
  } catch (error) {
    // Even where this process may not read the file, it may be able to start it.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return
    const where = BOOTSTRAP && ` at ${BOOTSTRAP}`
    const way = 'a bundler that packs carom leaves it behind: make carom an external dependency'
    throw new StartError(`no Process can be started, for want of carom's file bootstrap.cjs${where} (ENOENT); ${way}`)
  }
}
