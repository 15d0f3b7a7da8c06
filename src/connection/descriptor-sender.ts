import { EncodeError, SystemError, WouldBlockError } from '../api/errors.js'
import { atPlace, PlacedError } from '../codecs/path.js'
import { os } from '../native/builtins.js'
import { HEADER } from '../wire/frame.js'
import { transfer, type Transferable, TransferList } from '../wire/transferable.js'
import type { SendPath } from './send-path.js'
import { duplicateAll, frameWithDescriptors, Transferring } from './transferring.js'

/** Sends messages, and bytes outside the framing, with the descriptors of objects beside them. */
export class DescriptorSender {
  readonly #sending: SendPath
  readonly #carriesDescriptors: boolean
  readonly #nonblocking: boolean
  readonly #overRing: boolean

  /** `overRing`: messages cross shared memory, where bytes outside the framing can't be sent. */
  constructor(sending: SendPath, carriesDescriptors: boolean, nonblocking: boolean, overRing: boolean) {
    this.#sending = sending
    this.#overRing = overRing
    this.#carriesDescriptors = carriesDescriptors
    this.#nonblocking = nonblocking
  }

  /** Accepts a message with descriptors: those of the objects in `list`, which are handed over. */
  send(bytes: Uint8Array, start: number, end: number, list: TransferList): Promise<void> {
    this.#assertCarried(list.places[0])
    const frame = frameWithDescriptors(bytes, start, end, list.length)
    return this.#sending.transferred(this.#transfer(frame, list, true))
  }

  /** Like `send`, but blocks until the kernel has taken the message. */
  sendSync(bytes: Uint8Array, start: number, end: number, list: TransferList): void {
    this.#assertCarried(list.places[0])
    const frame = frameWithDescriptors(bytes, start, end, list.length)
    // Whether the peer takes descriptors is known before the objects are handed over.
    if (!this.#nonblocking) this.#sending.flushSync()
    this.#sending.transferredSync(this.#transfer(frame, list, true))
  }

  /** Accepts bytes outside the framing with the descriptor of `object`. */
  sendRaw(bytes: Uint8Array, object: Transferable): Promise<void> {
    this.#assertCarried()
    assertNotOverRing(this.#overRing)
    return this.#sending.transferred(this.#transfer(bytes, alone(object), false))
  }

  /** Like `sendRaw`, but blocks until the kernel has taken the bytes. */
  sendRawSync(bytes: Uint8Array, object: Transferable): void {
    this.#assertCarried()
    assertNotOverRing(this.#overRing)
    if (!this.#nonblocking) this.#sending.flushSync()
    this.#sending.transferredSync(this.#transfer(bytes, alone(object), false))
  }

  #assertCarried(place?: string): void {
    if (this.#carriesDescriptors) return
    throw new SystemError(
      atPlace(
        place,
        'connections and descriptors can only be sent through a Unix socket, to the same machine (EOPNOTSUPP)',
      ),
      'EOPNOTSUPP',
      -os().constants.errno.EOPNOTSUPP,
      'sendmsg',
    )
  }

  #transfer(bytes: Uint8Array, list: TransferList, framed: boolean): Transferring {
    const sending = this.#sending
    if (!this.#overRing) assertNoMemory(list)
    if (this.#nonblocking && sending.blocked) throw new WouldBlockError('send')
    const transferring = sending.transfer(bytes, new Transferring(duplicateAll(list), list.places[0]))
    if (this.#nonblocking) sending.withdraw(transferring)
    if (framed) sending.count(bytes.length - HEADER)
    for (const each of list.objects) each[transfer].handOver()
    return transferring
  }
}

/** The transfer list of a single object. */
function alone(object: Transferable): TransferList {
  const list = new TransferList()
  list.add(object, '')
  return list
}

/** Throws for a connection that must be sent with its shared memory, which a plain connection can't transfer. */
function assertNoMemory({ objects, places }: TransferList): void {
  const index = objects.findIndex((each) => each[transfer].kind === 'memory')
  if (index === -1) return
  const what =
    "a connection whose shared memory is in use goes only by a connection with transport: 'shared-memory', or to a Process: send it before it is used"
  throw new EncodeError(new PlacedError(atPlace(places[index], what), { cause: new TypeError(what) }))
}

/** Throws if a handle is to be sent outside the framing of a connection that has no such channel. */
export function assertNotOverRing(overRing: boolean): void {
  if (!overRing) return
  throw new TypeError(
    "a handle goes outside of messages, and with transport: 'shared-memory' there are only messages: send a Handle in one",
  )
}
