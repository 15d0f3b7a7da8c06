import test from 'ava'
import {
  AuthenticationError,
  BufferTooShortError,
  BusyError,
  CaromError,
  ConnectionClosedError,
  DecodeError,
  DirectionError,
  EOFError,
  EncodeError,
  MessageTooLongError,
  ProtocolError,
  SystemError,
  TimeoutError,
  WouldBlockError,
} from 'carom'
import { checkDescriptors } from './descriptors.ts'

checkDescriptors(test)

const classes = {
  EOFError,
  ConnectionClosedError,
  AuthenticationError,
  BufferTooShortError,
  MessageTooLongError,
  DecodeError,
  EncodeError,
  WouldBlockError,
  TimeoutError,
  BusyError,
  DirectionError,
  ProtocolError,
  SystemError,
}

for (const [name, type] of Object.entries(classes)) {
  test(`${name} is a CaromError, and an Error`, (t) => {
    t.is(type.name, name)
    t.true(type.prototype instanceof CaromError)
    t.true(CaromError.prototype instanceof Error)
  })
}
