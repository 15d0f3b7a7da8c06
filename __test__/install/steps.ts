// Steps with a title each. The first that fails ends the program.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** Runs `body` under a title that says what holds when it succeeds, and prints the title with the time that it took. */
export async function step<T>(title: string, body: () => T | Promise<T>): Promise<T> {
  const start = performance.now()
  try {
    const result = await body()
    console.log(`  ✔ ${title} (${((performance.now() - start) / 1000).toFixed(1)} s)`)
    return result
  } catch (error) {
    console.log(`  ✘ ${title}`)
    throw error
  }
}

export interface Output {
  stdout: string
  stderr: string
}

/** The output of a program. One that fails throws an error with all that it printed. */
export async function run(
  folder: string,
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<Output> {
  try {
    return await execute(command, args, { cwd: folder, env, timeout: 1_200_000, maxBuffer: 64 * 1024 * 1024 })
  } catch (error) {
    const { message, stdout = '', stderr = '' } = error as Error & Partial<Output>
    // oxlint-disable-next-line preserve-caught-error -- printed, it would say the same once more
    throw new Error(`${message}\n${stdout}\n${stderr}`)
  }
}
