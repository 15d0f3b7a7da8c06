import type { ChildProcess, SpawnOptions } from 'node:child_process'
import { types } from 'node:util'

import { closeDescriptor, inheriting } from '../native/numbers.js'
import { socketPair } from '../native/binding.js'
import { childProcess } from '../native/builtins.js'
import { checked } from '../native/status.js'
import { StartError } from '../api/errors.js'
import { Ending } from './ending.js'
import { explain, isSystemFailure } from './not-started.js'
import type { ProcessSettings } from './options.js'

/** A child that runs. */
export interface Launched {
  child: ChildProcess
  ending: Ending
  /** The descriptor by which it is told what to do; the caller's. */
  control: number
  /** Whether the child has an environment of the program's making. */
  prepared: boolean
}

/**
 * Starts a child, which inherits `fds`: they stay the caller's. Where it can't be started, throws a `StartError`, or returns a
 * promise that rejects with one, and nothing is left of it.
 */
export function launch(settings: ProcessSettings, fds: readonly number[]): Launched | Promise<never> {
  const here: number[] = []
  const there: number[] = []
  let child: ChildProcess | undefined
  const env = settings.program.environment?.(settings.spawn.env ?? process.env)
  try {
    for (let n = settings.daemon ? 2 : 1; n > 0; n--) {
      const [a, b] = checked(() => socketPair(false)) as [number, number]
      here.push(a)
      there.push(b)
    }
    child = spawnProgram(settings, env, [...there, ...fds])
    if (child.pid === undefined) {
      for (const fd of here) closeDescriptor(fd)
      return notStarted(settings, child)
    }
    const [control, lifeline] = here as [number, number | undefined]
    return { child, ending: new Ending(child, lifeline), control, prepared: env !== undefined }
  } catch (error) {
    // It waits to be told what to do, and has done nothing yet.
    child?.kill('SIGKILL')
    for (const fd of here) closeDescriptor(fd)
    if ((error as NodeJS.ErrnoException).code === 'ERR_ACCESS_DENIED') {
      throw new StartError(`${settings.name} could not be started: Node runs without --allow-child-process`, error)
    }
    if (types.isNativeError(error) && !isSystemFailure(error)) throw error
    throw startError(settings, error)
  } finally {
    for (const fd of there) closeDescriptor(fd)
  }
}

function spawnProgram(
  { program, spawn }: ProcessSettings,
  env: NodeJS.ProcessEnv | undefined,
  fds: readonly number[],
): ChildProcess {
  return inheriting(fds, (files) =>
    childProcess().spawn(program.command, [...program.argv], {
      ...(spawn as SpawnOptions),
      ...(env && { env }),
      stdio: [...spawn.stdio, ...files],
    }),
  )
}

function notStarted(settings: ProcessSettings, child: ChildProcess): Promise<never> {
  return new Promise((_, reject) => {
    child.once('error', (error) => reject(startError(settings, error)))
  })
}

function startError({ name, program: { command }, spawn: { cwd } }: ProcessSettings, error: unknown): StartError {
  const cause = isSystemFailure(error) ? explain(error, { command, cwd }) : error
  return new StartError(`${name} could not be started`, cause)
}
