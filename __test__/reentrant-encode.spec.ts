import test from 'ava'
import { type Codec, type Connection, ConnectionClosedError, pipe } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { closeAfter, pair } from './pairs.ts'

checkDescriptors(test)

/** A value of which a part is made by `callback` while it is encoded. */
function lazily(callback: () => unknown): { before: string; part: unknown; behind: string } {
  return {
    before: 'b',
    get part() {
      return callback()
    },
    behind: 'x'.repeat(100),
  }
}

for (const codec of ['json', 'v8', 'pickle'] as const) {
  test(`a getter that sends something itself disturbs neither message (${codec})`, async (t) => {
    const [a, b] = pair(t, { codec })
    const [c, d] = pair(t, { codec })
    const inner = (other: Connection, sync: boolean): number => {
      if (sync) other.sendSync({ inner: 1, text: 'y'.repeat(30) })
      else void other.send({ inner: 1, text: 'y'.repeat(30) })
      return 7
    }
    for (const sync of [false, true]) {
      for (const other of [a, c]) {
        const value = lazily(() => inner(other, sync))
        if (sync) a.sendSync(value)
        else await a.send(value)
        t.deepEqual(await (other === a ? b : d).recv(), { inner: 1, text: 'y'.repeat(30) })
        t.deepEqual(await b.recv(), { before: 'b', part: 7, behind: 'x'.repeat(100) })
      }
    }
  })

  test(`a message whose getter closes the connection is not sent, nor through one that has its number by then (${codec})`, async (t) => {
    for (const sync of [false, true]) {
      const [a, b] = pair(t, { codec })
      let others: [Connection, Connection] | undefined
      const value = lazily(() => {
        void a.close()
        others = pair(t, { codec })
        return 1
      })
      if (sync) t.throws(() => a.sendSync(value), { instanceOf: ConnectionClosedError })
      else await t.throwsAsync(() => a.send(value), { instanceOf: ConnectionClosedError })
      t.true(await b.poll(Infinity))
      await t.throwsAsync(() => b.recv(), { code: 'ERR_CAROM_EOF' })
      for (const each of others!) t.is(each.tryRecvBytes(), undefined)
    }
  })
}

test('a codec of the caller’s whose encode closes the connection sends nothing', async (t) => {
  const connections: Connection[] = []
  const codec: Codec = {
    encode: () => {
      void connections[0]!.close()
      connections.push(...pipe())
      return Buffer.from('message')
    },
    decode: (bytes) => bytes,
  }
  const [a, b] = pipe({ codec })
  connections.push(a, b)
  await t.throwsAsync(() => a.send(1), { instanceOf: ConnectionClosedError })
  for (const each of connections) closeAfter(t, each)
  for (const each of connections.slice(2)) t.is(each.tryRecvBytes(), undefined)
})
