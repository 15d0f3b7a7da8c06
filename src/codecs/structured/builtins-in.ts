import { make } from '../../wire/arrived.js'
import { readError, readDomException } from './errors-in.js'
import {
  ARRAY_BUFFER,
  BOXED,
  BUFFER,
  DATE,
  DOM_EXCEPTION,
  ERROR,
  MAP,
  REG_EXP,
  SET,
  SHARED_MEMORY,
  TRANSFERABLE,
  URL_TEXT,
  VIEW,
} from './format.js'
import { Malformed } from './input.js'
import { KeyHashes, TOO_ALIKE } from './key-hashes.js'
import { readBuffer, readMemory, readView } from './memory-in.js'
import { isTooCostly, patternCost, TOO_COSTLY } from './patterns.js'
import { arrivedSegment } from '../../wire/segment.js'
import type { PartReader } from './part-reader.js'
import { isHref } from './urls.js'

/** Reads what is neither a primitive nor an array nor plain. */
export function readOther(reader: PartReader, kind: number): unknown {
  switch (kind) {
    case MAP:
      return readMap(reader)
    case SET:
      return readSet(reader)
    case DATE:
      return reader.number(new Date(reader.float64()))
    case REG_EXP:
      return readRegExp(reader)
    case ARRAY_BUFFER:
      return reader.number(readMemory(reader))
    case BUFFER:
      return reader.number(readBuffer(reader))
    case VIEW:
      return reader.number(readView(reader))
    case ERROR:
      return readError(reader)
    case BOXED:
      return readBoxed(reader)
    case URL_TEXT:
      return readUrl(reader)
    case DOM_EXCEPTION:
      return readDomException(reader)
    case TRANSFERABLE:
      return reader.number(make(reader.arrived, reader.blob()) as object)
    case SHARED_MEMORY:
      return reader.number(arrivedSegment(reader.text()))
    default:
      throw new Malformed(
        `no value begins with the byte 0x${kind.toString(16)}: the peer may have a newer version of carom`,
      )
  }
}

function readMap(reader: PartReader): unknown {
  const count = reader.count()
  reader.enter(2 * count)
  const map = reader.number(new Map<unknown, unknown>())
  const hashes = new KeyHashes(count)
  for (let n = 0; n < count; n++) {
    const key = reader.value()
    if (hashes.add(key)) throw new Malformed(TOO_ALIKE)
    map.set(key, reader.value())
  }
  reader.leave()
  return map
}

function readSet(reader: PartReader): unknown {
  const count = reader.count()
  reader.enter(count)
  const set = reader.number(new Set())
  const hashes = new KeyHashes(count)
  for (let n = 0; n < count; n++) {
    const value = reader.value()
    if (hashes.add(value)) throw new Malformed(TOO_ALIKE)
    set.add(value)
  }
  reader.leave()
  return set
}

function readRegExp(reader: PartReader): RegExp {
  const source = reader.text()
  const flags = reader.text()
  reader.patternCost = patternCost(reader.patternCost, source, flags)
  if (isTooCostly(reader.patternCost)) throw new Malformed(TOO_COSTLY)
  return reader.number(new RegExp(source, flags))
}

function readUrl(reader: PartReader): URL {
  const href = reader.text()
  if (!isHref(href)) throw new Malformed('a URL in the message is none')
  return reader.number(new URL(href))
}

function readBoxed(reader: PartReader): unknown {
  const value = reader.value()
  if (value === null || !/^(?:number|string|boolean|bigint)$/.test(typeof value)) {
    throw new Malformed('a boxed value in the message is no primitive')
  }
  return reader.number(Object(value) as object)
}
