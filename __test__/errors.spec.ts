import test from 'ava'
import * as carom from 'carom'
import { checkDescriptors } from './descriptors.ts'

checkDescriptors(test)

const classes = [
  'EOFError',
  'ConnectionClosedError',
  'AuthenticationError',
  'BufferTooShortError',
  'MessageTooLongError',
  'DecodeError',
  'EncodeError',
  'WouldBlockError',
  'TimeoutError',
  'BusyError',
  'DirectionError',
  'ProtocolError',
  'SystemError',
] as const

for (const name of classes) {
  test(`${name} is a CaromError, and an Error`, (t) => {
    t.is(carom[name].name, name)
    t.true(carom[name].prototype instanceof carom.CaromError)
    t.true(carom.CaromError.prototype instanceof Error)
  })
}
