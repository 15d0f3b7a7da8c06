// The far process of one case: `far.ts <rival> <workload> [arguments added by the rival's near end]`.
import { rivalNamed } from './rivals.ts'
import { workloadNamed } from './workloads.ts'

const [rival = '', workload = '', ...added] = process.argv.slice(2)

const end = await (await rivalNamed(rival)).join(added)
await workloadNamed(workload).far(end)
await end.close()
