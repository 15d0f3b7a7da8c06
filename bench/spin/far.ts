// The far process of a load: `far.ts <spin> <transport>`. It answers each message, as late as the message says.
import { Connection } from 'carom'

import { nanoseconds } from '../rate.ts'
import { type Message, optionsOf } from './loads.ts'

const [, , spin = '', transport = ''] = process.argv
const messages = Connection.fromFd(3, optionsOf(spin, transport)) as Connection<Message>
const orders = Connection.fromFd(4, { codec: 'json', spin: 0 })

void orders.forEach(() => orders.send(nanoseconds(process.cpuUsage())))
await messages.forEach((message) => {
  if (message.busy) for (const end = performance.now() + message.busy; performance.now() < end;);
  return message.silent ? undefined : messages.send(message)
})
