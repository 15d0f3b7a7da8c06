import { once } from 'node:events'
import { createInterface } from 'node:readline'

import { type AnyManagerProxy, connectManager, ManagerServer } from 'carom/managers'

/** An object that Python calls. */
class Prices {
  readonly #currency: string

  constructor(currency: string) {
    this.#currency = currency
  }

  total(article: string, count: number): string {
    const price = new Map([
      ['cue', 80],
      ['chalk', 2],
    ]).get(article)
    if (price === undefined) throw new Error(`there is no ${article} to be had`)
    return `${price * count} ${this.#currency}`
  }
}

const ended = once(process.stdin, 'close')
const [line] = (await once(createInterface(process.stdin), 'line')) as [string]
const { address, key, shared } = JSON.parse(line) as { address: string; key: string; shared: string }
const authkey = Buffer.from(key, 'hex')

const server = new ManagerServer(undefined, {
  authkey,
  objects: { prices: (currency: string) => new Prices(currency) },
})
const python = await connectManager(address, { authkey })
const [stock, orders] = (await python.decode(Buffer.from(shared, 'hex'))) as [AnyManagerProxy, AnyManagerProxy]
console.log(JSON.stringify(server.address))

for (;;) {
  // It waits in Python until there is an order.
  const order = (await orders['get']!()) as [string, number] | null
  if (order) {
    const [article, count] = order
    const left = Number(await stock['get']!(article)) - count
    if (left < 0) await stock['update']!({ [`${article} wanted`]: -left })
    await stock['update']!({ [article]: Math.max(left, 0) })
  }
  await orders['task_done']!()
  if (!order) break
}

await ended
await python.close()
await server.close()
