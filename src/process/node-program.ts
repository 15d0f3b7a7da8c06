import { coderOf, encode } from '../codecs/codec.js'
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
      const { bytes, start, end, transferList = [] } = encode(coderOf(ARGUMENTS), args, { keepOptions: true })
      return { code: [], args: bytes.slice(start, end), transferList }
    },
  }
}
