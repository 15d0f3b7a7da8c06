// Compiled, never run: uses that the typings allow, and with @ts-expect-error uses that they refuse.

import { pipe } from 'carom'
import { call, currentCall, remote, serve } from 'carom/calls'

/** Compiles only if both are the same type. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
declare const same: <A, B>(are: Same<A, B>) => void

const functions = {
  add: (a: number, b: number) => a + b,
  later: async (name: string) => ({ name }),
  *count(n: number) {
    for (let i = 0; i < n; i++) yield i
  },
  async *tail(file: string) {
    yield file
  },
  version: 7,
}

const [here, there] = pipe()
const serving = serve(there, functions, { concurrency: 10, stacks: false })
same<typeof serving, Promise<void>>(true)
// @ts-expect-error: text has no functions
void serve(there, 'functions')

const typed = remote<typeof functions>(here)
const sum = await typed.add(1, 2)
same<typeof sum, number>(true)
const { name } = await typed.later('x')
same<typeof name, string>(true)
for await (const n of typed.count(3)) same<typeof n, number>(true)
for await (const line of typed.tail('log')) same<typeof line, string>(true)
// @ts-expect-error: add takes numbers
await typed.add('1', 2)
// @ts-expect-error: a number is not called
void typed.version
// @ts-expect-error: there is no such function
void typed.subtract

const called = await call(typed, 'add', [1, 2], { timeout: 500, kwargs: {} })
same<typeof called, number>(true)
// @ts-expect-error: an argument is missing
await call(typed, 'add', [1])

const anything = remote(here)
const unknownResult = await anything['anything']!(1, 'two')
same<typeof unknownResult, unknown>(true)
for await (const item of anything['stream']!()) same<typeof item, unknown>(true)

const current = currentCall()
// @ts-expect-error: outside a served function there is no call
void current.signal
same<NonNullable<typeof current>['signal'], AbortSignal>(true)
