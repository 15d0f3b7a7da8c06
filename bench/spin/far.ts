// The far process of a load: `far.ts <spin>`. It answers each message, as late as the message says.
import { Connection } from 'carom'

import { nanoseconds } from '../rate.ts'
import { type Message, optionOf } from './loads.ts'

const [, , spin = ''] = process.argv
const messages = Connection.fromFd(3, { codec: 'json', spin: optionOf(spin) }) as Connection<Message>
const orders = Connection.fromFd(4, { codec: 'json', spin: 0 })

void orders.forEach(() => orders.send(nanoseconds(process.cpuUsage())))
await messages.forEach((message) => {
  if (message.busy) for (const end = performance.now() + message.busy; performance.now() < end;);
  return message.silent ? undefined : messages.send(message)
})
