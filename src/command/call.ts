import { connect } from '../api/connect.js'
import { call, remote } from '../calls/remote.js'
import type { Asked } from './options.js'
import { fromLine, toLine } from './values.js'

/** Makes one call, and prints its result, or each item of a stream, as a line of JSON. */
export async function callOnce({ address, connection: options, name, args, timeout }: Asked): Promise<void> {
  const connection = await connect(address, options)
  try {
    const called = call(remote(connection), name, args.map(argument), { timeout })
    if ((await called.answered()) === 'stream') {
      for await (const item of called) print(item)
    } else print(await called)
  } finally {
    await connection.close()
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
