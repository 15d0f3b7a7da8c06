import { entry, mapKey, member } from '../path.js'
import { MAP, SET } from './format.js'
import { KeyHashes, TOO_ALIKE } from './key-hashes.js'
import type { PartWriter } from './part-writer.js'
import type { OtherStep, Step } from './refusal.js'

const mapEntries = Map.prototype.entries
const setValues = Set.prototype.values

export function writeMap(writer: PartWriter, map: Map<unknown, unknown>, step: Step): void {
  // As it is now: a getter among its values may change it.
  const entries = [...(mapEntries.call(map) as Iterable<[unknown, unknown]>)]
  writer.byte(MAP)
  writer.count(entries.length)
  writer.enter(step)
  const hashes = new KeyHashes(entries.length)
  for (let n = 0; n < entries.length; n++) {
    const [key, value] = entries[n]!
    if (hashes.add(key)) writer.refuse(TOO_ALIKE, new MapKey(n))
    writer.write(key, needsStep(key) ? new MapKey(n) : '')
    writer.write(value, needsStep(value) ? new Entry(key, n) : '')
  }
  writer.leave()
}

export function writeSet(writer: PartWriter, set: Set<unknown>, step: Step): void {
  const members = [...(setValues.call(set) as Iterable<unknown>)]
  writer.byte(SET)
  writer.count(members.length)
  writer.enter(step)
  const hashes = new KeyHashes(members.length)
  for (let n = 0; n < members.length; n++) {
    const value = members[n]
    if (hashes.add(value)) writer.refuse(TOO_ALIKE, new Member(n))
    writer.write(value, needsStep(value) ? new Member(n) : '')
  }
  writer.leave()
}

/** Whether an error may have to name the value or a part of it. */
function needsStep(value: unknown): boolean {
  return typeof value !== 'string' && typeof value !== 'number'
}

// Steps whose text is put together where it is needed.

class MapKey implements OtherStep {
  readonly #index: number

  constructor(index: number) {
    this.#index = index
  }

  get text(): string {
    return mapKey(this.#index)
  }
}

class Entry implements OtherStep {
  readonly #key: unknown
  readonly #index: number

  constructor(key: unknown, index: number) {
    this.#key = key
    this.#index = index
  }

  get text(): string {
    return entry(this.#key, this.#index)
  }
}

class Member implements OtherStep {
  readonly #index: number

  constructor(index: number) {
    this.#index = index
  }

  get text(): string {
    return member(this.#index)
  }
}
