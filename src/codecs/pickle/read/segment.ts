import { arrivedSegment } from '../../../wire/segment.js'
import { type Construct, unexpectedArguments } from './internal.js'

/** `SharedMemory(name, False, size)`: closed, since to open it is the program's decision. Its size is what the system says then. */
export const segment: Construct = (args, callee) => {
  const [name, create, size] = args
  if (args.length !== 3 || typeof name !== 'string' || create !== false || !Number.isInteger(size)) {
    throw unexpectedArguments(callee)
  }
  return arrivedSegment(name)
}
