import type { Workload } from './workload.ts'
import { oneWayBytes } from './workloads/one-way-bytes.ts'
import { oneWayObjects } from './workloads/one-way-objects.ts'
import { roundTrip } from './workloads/round-trip.ts'

const workloads: Record<string, Workload> = {
  'round trip, 64 B': roundTrip(64),
  'one way, 64 B': oneWayBytes(64),
  'one way, small object': oneWayObjects(),
  'one way, 1 MiB': oneWayBytes(1 << 20),
}

export function workloadNamed(name: string): Workload {
  const workload = workloads[name]
  if (!workload) throw new RangeError(`no workload is called ${JSON.stringify(name)}`)
  return workload
}
