import { channel } from 'node:diagnostics_channel'
import { debuglog } from 'node:util'

import type { Address } from './address.js'
import type { Operation } from '../native/status.js'

const log = debuglog('carom')

/** An event that can be observed from outside: on a diagnostics channel, and in the log that `NODE_DEBUG=carom` turns on. */
class Event<T extends object> {
  readonly #channel
  readonly #name: string

  constructor(name: string) {
    this.#name = name
    this.#channel = channel(name)
  }

  /** Whether anybody is listening. If not, no payload needs to be made. */
  get observed(): boolean {
    return this.#channel.hasSubscribers || log.enabled
  }

  publish(message: T): void {
    if (this.#channel.hasSubscribers) this.#channel.publish(message)
    if (log.enabled) log('%s %o', this.#name, message)
  }
}

export interface ConnectionOpen {
  fd: number
  readable: boolean
  writable: boolean
  /** `undefined` for a custom codec. */
  codec: string | undefined
}

export interface ConnectionClose {
  fd: number
  how: 'close' | 'detach' | 'garbage collection'
}

export interface BackPressure {
  fd: number
  bufferedAmount: number
  highWaterMark: number
}

export interface ListenerState {
  address: Address
}

export interface Authentication {
  /** The end that this is. */
  operation: Operation
  /** The listener's. */
  address: Address
}

export const connectionOpen: Event<ConnectionOpen> = new Event('carom:connection:open')
export const connectionClose: Event<ConnectionClose> = new Event('carom:connection:close')
export const backPressureBegin: Event<BackPressure> = new Event('carom:connection:back-pressure:begin')
export const backPressureEnd: Event<BackPressure> = new Event('carom:connection:back-pressure:end')
export const listenerOpen: Event<ListenerState> = new Event('carom:listener:open')
export const listenerClose: Event<ListenerState> = new Event('carom:listener:close')
export const authenticated: Event<Authentication & { legacy: boolean }> = new Event('carom:authentication:accepted')
export const refused: Event<Authentication & { error: unknown }> = new Event('carom:authentication:refused')
export const callError: Event<{ name: string; error: unknown }> = new Event('carom:call:error')
