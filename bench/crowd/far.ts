// The far process: `far.ts <rival> <path> <connections> <idle connections>`. It connects, prints the memory that the idle
// connections take here, and echoes until the first connection ends.
import type { End } from '../rival.ts'
import { meetingNamed } from './meeting.ts'
import { memory } from './memory.ts'

const [rival = '', path = '', first, idle] = process.argv.slice(2)
const meeting = meetingNamed(rival)

const ends: End[] = []
const echoing: (Promise<void> | void)[] = []
async function connect(): Promise<void> {
  const end = await meeting.connect(path)
  ends.push(end)
  if (meeting.waits) echoing.push(end.echo())
}

for (let i = 0; i < Number(first); i++) await connect()
const before = await memory()
for (let i = 0; i < Number(idle); i++) await connect()
console.log((await memory()) - before)
await (meeting.waits ? echoing[0] : ends[0]!.echo())
process.exit()
