// As `listening.py`, with carom: `listening.ts <listener or client>[-sync] <address> <key> …`.
import { connect, connectSync, Listener } from 'carom'

import { rate } from '../rate.ts'

const [role, address = '', key, warmUp, seconds] = process.argv.slice(2)
const options = key ? { authkey: key } : {}

if (role?.startsWith('listener')) {
  const listener = new Listener(address, options)
  process.stdout.write('listening\n')
  if (role === 'listener-sync') for (;;) void listener.acceptSync().close()
  for await (const connection of listener) void connection.close()
} else {
  const run =
    role === 'client'
      ? async (count: number): Promise<void> => {
          for (let n = 0; n < count; n++) void (await connect(address, options)).close()
        }
      : (count: number): void => {
          for (let n = 0; n < count; n++) void connectSync(address, options).close()
        }
  const found = await rate(run, { warmUp: Number(warmUp), seconds: Number(seconds) })
  console.log(found.messages / found.seconds)
}
