import { connect } from '../api/connect.js'
import { CaromError } from '../api/errors.js'
import type { Call } from '../calls/call.js'
import { call, remote } from '../calls/remote.js'
import type { Asked } from './options.js'
import { FunctionFailed } from './thrown.js'
import { fromLine, toLine } from './values.js'

/** Makes one call, and prints its result, or each item of a stream, as a line of JSON. Rejects with what the function has thrown. */
export async function callOnce({ address, connection: options, name, args, timeout }: Asked): Promise<void> {
  const connection = await connect(address, options)
  try {
    for await (const value of results(call(remote(connection), name, args.map(argument), { timeout }))) print(value)
  } finally {
    await connection.close()
  }
}

/** The result of a call, or the items of its stream. */
async function* results(called: Call): AsyncGenerator<unknown> {
  try {
    if ((await called.answered()) === 'stream') yield* called
    else yield await called
  } catch (error) {
    throw error instanceof CaromError ? error : new FunctionFailed(error)
  }
}

/** An argument is JSON, else text. */
function argument(text: string): unknown {
  try {
    return fromLine(text)
  } catch {
    return text
  }
}

function print(value: unknown): void {
  process.stdout.write(`${toLine(value)}\n`)
}
