import { type Arrived, Tally } from '../tally.ts'

const FILL = 0x63

/** A payload of `size` bytes. */
export function payloadOf(size: number): Buffer {
  return Buffer.alloc(size, FILL)
}

/** The message that announces a run of `count` payloads. */
export function openingFor(count: number): Buffer {
  const opening = Buffer.alloc(4)
  opening.writeUInt32BE(count)
  return opening
}

/** Counts payloads of `size` bytes; `readArrived` reads its answer. */
export function byteTally(size: number): Tally<Uint8Array> {
  return new Tally<Uint8Array>({
    announced: (opening) => view(opening).getUint32(0),
    check: (message) => message.length === size && message[0] === FILL && message[size - 1] === FILL,
    answer: ({ pid, processor }) => {
      const answer = Buffer.alloc(12)
      answer.writeUInt32BE(pid)
      answer.writeDoubleBE(processor, 4)
      return answer
    },
  })
}

export function readArrived(answer: Uint8Array): Arrived {
  return { pid: view(answer).getUint32(0), processor: view(answer).getFloat64(4) }
}

function view({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}
