import { EncodeError } from '../api/errors.js'
import { coderOf } from '../codecs/codec.js'
import type { Encoded } from '../codecs/coder.js'
import { assertBootstrap, BOOTSTRAP } from './bootstrap-file.js'
import { withCompileCache } from './compile-cache.js'
import type { Program } from './program.js'
import { ARGUMENTS } from './start.js'

/** A Node.js that imports a module, and calls a function that it exports. */
export function nodeProgram(execArgv: readonly string[]): Program {
  return {
    command: process.execPath,
    argv: [...execArgv, BOOTSTRAP],
    endsEarly: 'it called process.exit, or an await at its top level never settled',
    codec: undefined,
    environment: withCompileCache,
    tell(args) {
      assertBootstrap()
      const { bytes, start, end, transferList } = encoded(args)
      return { code: [], args: bytes.slice(start, end), transferList: transferList?.objects ?? [] }
    },
  }
}

function encoded(args: readonly unknown[]): Encoded {
  try {
    return coderOf(ARGUMENTS).encode(args, { keepOptions: true })
  } catch (error) {
    // The place of what can't be sent begins with the number of an argument.
    if (error instanceof TypeError && error.message.startsWith('[')) error.message = `args${error.message}`
    throw new EncodeError(error)
  }
}
