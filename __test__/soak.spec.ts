// The soak, for some seconds: `npm run soak` is the whole one.

import test from 'ava'
import { checkDescriptors } from './descriptors.ts'
import { SEED } from './random.ts'
import { crowd, flood } from './soak/crowds.ts'
import { traffic } from './soak/traffic.ts'

checkDescriptors(test)

test.serial(
  'planned traffic among processes that are killed and stopped loses nothing, and leaves nothing',
  async (t) => {
    t.log(`seed ${SEED}`)
    const { messages, aborted, before, after } = await traffic({ connections: 24, milliseconds: 2000, seed: SEED })
    t.log(`${messages} messages, ${aborted} receives aborted`)
    t.true(messages > 0)
    t.true(after.descriptors <= before.descriptors)
  },
)

test.serial('hundreds of clients at once are all accepted and used', async (t) => {
  const { clients, before, after } = await crowd(400)
  t.is(clients, 400)
  t.true(after.descriptors <= before.descriptors)
})

test.serial('hundreds of peers without the key, silent or talking garbage, keep no honest client out', async (t) => {
  const { refused, honest, before, after } = await flood(300)
  t.log(`${refused} refused; the honest client was served ${honest.count} times`)
  t.true(refused > 0)
  t.true(after.descriptors <= before.descriptors)
})
