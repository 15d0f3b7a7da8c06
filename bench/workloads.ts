import { sizeNamed } from './sizes.ts'
import type { Workload } from './workload.ts'
import { oneWayBytes } from './workloads/one-way-bytes.ts'
import { oneWayObjects } from './workloads/one-way-objects.ts'
import { bursts, eachMillisecond, irregular, paced } from './workloads/paced.ts'
import { roundTrip, roundTripObjects } from './workloads/round-trip.ts'

const ofObjects: Record<string, () => Workload> = {
  'round trip, small object': roundTripObjects,
  'one way, small object': oneWayObjects,
}

const ofBytes: Record<string, (size: number) => Workload> = {
  'round trip': roundTrip,
  'one way': oneWayBytes,
  'a message each millisecond': paced(eachMillisecond),
  'messages at irregular times': paced(irregular),
  'bursts of messages': paced(bursts),
}

/** `one way, small object`, or one whose messages have a size: `one way, 64 KiB`. */
export function workloadNamed(name: string): Workload {
  const [act = '', size = ''] = name.split(', ')
  const workload = ofObjects[name]?.() ?? ofBytes[act]?.(sizeNamed(size))
  if (!workload) throw new RangeError(`no workload is called ${JSON.stringify(name)}`)
  return workload
}
