import { invalid } from '../../api/arguments.js'
import { EncodeError } from '../../api/errors.js'
import { pickleSettings } from '../../codecs/pickle/options.js'
import { Writer } from '../../codecs/pickle/write/writer.js'
import { withPlace } from '../../codecs/path.js'
import { type Transferable, transfer } from '../../wire/transferable.js'
import type { Program } from '../program.js'
import attaching from './attaching.py'
import child from './child.py'
import forms from './forms.py'
import frames from './frames.py'
import loop from './loop.py'
import serving from './serving.py'

/** carom's Python modules: a child gets the source of all, and compiles those that it imports. */
const MODULES = { attaching, child, forms, frames, loop, serving }

/**
 * Takes the modules' sources as the first messages, and runs one of them. Nothing is written to a file, so that carom may lie in an
 * archive, or in a bundle.
 */
const BOOT = `
import os, sys
from importlib.machinery import ModuleSpec
from multiprocessing import connection
if os.name == 'nt':
    import msvcrt
    control = connection.PipeConnection(msvcrt.get_osfhandle(3))
else:
    os.set_inheritable(3, False)
    control = connection.Connection(3)
class Sources(dict):
    def find_spec(self, name, path=None, target=None):
        return ModuleSpec(name, self) if name in self else None
    def create_module(self, spec):
        return None
    def exec_module(self, module):
        name = module.__name__
        exec(compile(self[name], '<carom %s>' % name, 'exec'), vars(module))
sources = Sources((name, control.recv_bytes()) for name in NAMES)
sys.meta_path.insert(0, sources)
import carom_child
carom_child.main(control)
`.replace('NAMES', JSON.stringify(Object.keys(MODULES).map((name) => `carom_${name}`)))

const CODE: readonly Uint8Array[] = Object.values(MODULES).map((source) => Buffer.from(source))

/** A Python, started by `interpreter`, that imports a file, and calls a function of it. */
export function pythonProgram(interpreter: readonly string[], execArgv: readonly string[]): Program {
  const [command = '', ...first] = interpreter
  return {
    command,
    argv: [...first, ...execArgv, '-c', BOOT.trim()],
    endsEarly: `it called os._exit, or ${interpreter.join(' ')} is no Python`,
    codec: 'pickle',
    tell(args, kwargs, descriptor) {
      const transferList: Transferable[] = []
      const reference = (object: Transferable): unknown[] => {
        const described = describe(object, descriptor + transferList.length)
        transferList.push(object)
        return described
      }
      const writer = new Writer({ ...pickleSettings(undefined), reference })
      try {
        writer.pickle([args, kwargs])
      } catch (error) {
        throw new EncodeError(withPlace(error, ['args', 'kwargs']))
      }
      const { parts = [], bytes, start, size } = writer
      return { code: CODE, args: Buffer.concat([...parts, bytes.subarray(start, size)]), transferList }
    },
  }
}

/** The description of which Python makes an object: its kind, its descriptor, and what it needs beside that. */
function describe(object: Transferable, fd: number): unknown[] {
  const { kind, describe: traitsFor } = object[transfer]
  if (kind === 'handle') {
    traitsFor(undefined)
    return [kind, fd]
  }
  if (kind === 'connection') {
    const { readable, writable } = traitsFor('pickle') as { readable: boolean; writable: boolean }
    return [kind, fd, readable, writable]
  }
  const { codec, key, transport } = traitsFor(undefined) as { codec: string; key?: string; transport?: string }
  if (transport === 'shared-memory') throw invalid("Python knows no transport: 'shared-memory': listen without it")
  if (codec !== 'pickle') throw invalid(`a ${kind} for Python must have the codec 'pickle', not '${codec}'`)
  return [kind, fd, key === undefined ? null : Buffer.from(key, 'base64')]
}
