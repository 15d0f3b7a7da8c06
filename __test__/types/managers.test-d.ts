// The typings of proxies: compiled, never run.

import type { Connection } from 'carom'
import { call } from 'carom/calls'
import { type AnyManagerProxy, connectManager, type Manager, ManagerServer } from 'carom/managers'

interface Model {
  predict(x: number, scale?: number): number
  later(): Promise<string>
}

export async function client(): Promise<void> {
  const manager: Manager = await connectManager('/run/manager', { authkey: 'key', addresses: [{ host: 'a', port: 1 }] })
  const model = await manager.create<Model>('model', [1], { bias: 2 })
  const predicted: number = await model.predict(1)
  const late: string = await model.later()
  const called: number = await call(model, 'predict', [predicted], { kwargs: { scale: 2 }, timeout: 100 })
  // @ts-expect-error -- an argument of another type
  await model.predict(late)
  // @ts-expect-error -- there is no such method
  await model.predcit(called)
  // @ts-expect-error -- an argument of another type
  call(model, 'predict', ['x'])
  for await (const item of model) console.log(item)
  await model[Symbol.asyncDispose]()

  const queue: AnyManagerProxy = await manager.create('Queue')
  const got: unknown = await queue['get']!()
  const again: unknown = await call(queue, 'get', [got], { signal: AbortSignal.timeout(1) })
  const held: boolean = await manager.session(async (s) => {
    const pinned: typeof model = await s.use(model)
    return (await pinned.predict(1)) > Number(again)
  })
  const count: number = await manager.numberOfObjects()
  console.log(held, count)
  // @ts-expect-error -- a key is required
  await connectManager('/run/manager', {})
}

export async function server(connection: Connection): Promise<void> {
  const served = new ManagerServer(undefined, {
    authkey: new Uint8Array(32),
    objects: { model: (weight: number) => ({ predict: (x: number) => x * weight }), list: () => connection },
    allowShutdown: false,
  })
  await served[Symbol.asyncDispose]()
  // @ts-expect-error -- a key is required
  console.log(new ManagerServer(undefined, { objects: {} }))
}
