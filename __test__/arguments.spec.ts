import test from 'ava'
import { Connection, pipe, wait, waitSync } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { pair } from './pairs.ts'

checkDescriptors(test)

/** A value of a type that no TypeScript program could pass. */
const wrong = (value: unknown): never => value as never

interface Call {
  /** The call, as the caller writes it. */
  title: string
  call: (end: Connection) => unknown
  /** `type`: a value of a wrong type; `range`: a value of the right type that makes no sense. */
  kind: 'type' | 'range'
  /** The message names the argument. */
  names: RegExp
}

const row = (title: string, kind: Call['kind'], names: RegExp, call: Call['call']): Call => ({
  title,
  kind,
  names,
  call,
})

const alphabet = Buffer.from('abcdefghijklmnopqrstuvwxyz')
const into = Buffer.alloc(8)

const asynchronous: Call[] = [
  ...(['text', 5, null, undefined, [1, 2], {}] as const).map((value) =>
    row(`sendBytes(${JSON.stringify(value)})`, 'type', /data/, (end) => end.sendBytes(wrong(value))),
  ),
  ...([[-1], [27], [22, 5], [26, 1], [0, -1], [4, -1], [1.5], [0, 1.5], [NaN], [Infinity]] as [number, number?][]).map(
    (range) => row(`sendBytes(26 bytes, ${range})`, 'range', /offset|size/, (end) => end.sendBytes(alphabet, ...range)),
  ),
  row("sendBytes(data, '1')", 'type', /offset/, (end) => end.sendBytes(alphabet, wrong('1'))),
  row("sendBytes(data, 0, '1')", 'type', /size/, (end) => end.sendBytes(alphabet, 0, wrong('1'))),
  ...[-1, 1.5, NaN, -Infinity].map((length) =>
    row(`recvBytes(${length})`, 'range', /maxLength/, (end) => end.recvBytes(length)),
  ),
  row("recvBytes('5')", 'type', /maxLength/, (end) => end.recvBytes(wrong('5'))),
  ...(['text', 5, null, undefined, [1]] as const).map((value) =>
    row(`recvBytesInto(${JSON.stringify(value)})`, 'type', /buffer/, (end) => end.recvBytesInto(wrong(value))),
  ),
  ...[-1, 9, 1.5, NaN, Infinity].map((offset) =>
    row(`recvBytesInto(8 bytes, ${offset})`, 'range', /offset/, (end) => end.recvBytesInto(into, offset)),
  ),
  row("recvBytesInto(8 bytes, '0')", 'type', /offset/, (end) => end.recvBytesInto(into, wrong('0'))),
  row('poll(NaN)', 'range', /timeout/, (end) => end.poll(NaN)),
  ...['1', null, {}, 5n].map((value) =>
    row(`poll(a ${value === null ? 'null' : typeof value})`, 'type', /timeout/, (end) => end.poll(wrong(value))),
  ),
  ...['now', {}, 5].flatMap((value) => [
    row(`recv with a signal of ${typeof value}`, 'type', /signal/, (end) => end.recv({ signal: wrong(value) })),
    row(`recvBytes with a signal of ${typeof value}`, 'type', /signal/, (end) =>
      end.recvBytes(undefined, { signal: wrong(value) }),
    ),
    row(`recvBytesInto with a signal of ${typeof value}`, 'type', /signal/, (end) =>
      end.recvBytesInto(into, 0, { signal: wrong(value) }),
    ),
    row(`poll with a signal of ${typeof value}`, 'type', /signal/, (end) => end.poll(0, { signal: wrong(value) })),
    row(`wait with a signal of ${typeof value}`, 'type', /signal/, (end) => wait([end], { signal: wrong(value) })),
  ]),
  ...[5, null, undefined, {}].map((value) =>
    row(`wait(${JSON.stringify(value)})`, 'type', /objects/, () => wait(wrong(value))),
  ),
  ...['text', {}, null, undefined, 5n].map((value) =>
    row(`wait([end, a ${value === null ? 'null' : typeof value}])`, 'type', /object/, (end) =>
      wait([end, wrong(value)]),
    ),
  ),
  ...[-1, 1.5, NaN, 2 ** 31].map((fd) => row(`wait([${fd}])`, 'range', /descriptor/, () => wait([fd]))),
  row('wait with a timeout of NaN', 'range', /timeout/, (end) => wait([end], { timeout: NaN })),
  row("wait with a timeout of '1'", 'type', /timeout/, (end) => wait([end], { timeout: wrong('1') })),
]

const synchronous: Call[] = [
  row("sendBytesSync('text')", 'type', /data/, (end) => end.sendBytesSync(wrong('text'))),
  ...([[-1], [27], [22, 5], [26, 1], [0, -1], [4, -1], [1.5], [NaN]] as [number, number?][]).map((range) =>
    row(`sendBytesSync(26 bytes, ${range})`, 'range', /offset|size/, (end) => end.sendBytesSync(alphabet, ...range)),
  ),
  row("sendBytesSync(data, '1')", 'type', /offset/, (end) => end.sendBytesSync(alphabet, wrong('1'))),
  ...[-1, 1.5, NaN].map((length) =>
    row(`recvBytesSync(${length})`, 'range', /maxLength/, (end) => end.recvBytesSync(length)),
  ),
  row("recvBytesSync('5')", 'type', /maxLength/, (end) => end.recvBytesSync(wrong('5'))),
  row("recvBytesIntoSync('text')", 'type', /buffer/, (end) => end.recvBytesIntoSync(wrong('text'))),
  ...[-1, 9, 1.5, NaN].map((offset) =>
    row(`recvBytesIntoSync(8 bytes, ${offset})`, 'range', /offset/, (end) => end.recvBytesIntoSync(into, offset)),
  ),
  row('pollSync(NaN)', 'range', /timeout/, (end) => end.pollSync(NaN)),
  row("pollSync('1')", 'type', /timeout/, (end) => end.pollSync(wrong('1'))),
  row('waitSync(5)', 'type', /objects/, () => waitSync(wrong(5))),
  row('waitSync([{}])', 'type', /object/, () => waitSync([wrong({})])),
  ...[-1, 1.5, NaN].map((fd) => row(`waitSync([${fd}])`, 'range', /descriptor/, () => waitSync([fd]))),
  row('waitSync with a timeout of NaN', 'range', /timeout/, (end) => waitSync([end], { timeout: NaN })),
  row("waitSync with a timeout of '1'", 'type', /timeout/, (end) => waitSync([end], { timeout: wrong('1') })),
  row("pipe('options')", 'type', /options/, () => pipe(wrong('options'))),
  ...(['duplex', 'rnonblock', 'wnonblock'] as const).map((option) =>
    row(`pipe with ${option} 'yes'`, 'type', new RegExp(option), () => pipe({ [option]: wrong('yes') })),
  ),
  ...(['highWaterMark', 'maxMessageSize'] as const).flatMap((option) => [
    row(`pipe with ${option} '5'`, 'type', new RegExp(option), () => pipe({ [option]: wrong('5') })),
    ...[-1, NaN, 1.5].map((value) =>
      row(`pipe with ${option} ${value}`, 'range', new RegExp(option), () => pipe({ [option]: value })),
    ),
  ]),
  ...[5, {}, null].map((codec) =>
    row(`pipe with codec ${JSON.stringify(codec)}`, 'type', /codec/, () => pipe({ codec: wrong(codec) })),
  ),
  row('pipe with a codec that only encodes', 'type', /codec/, () => pipe({ codec: wrong({ encode: Buffer.from }) })),
  row('pipe with spin {}', 'type', /spin/, () => pipe({ spin: wrong({}) })),
  ...[-1, NaN].map((spin) => row(`pipe with spin ${spin}`, 'range', /spin/, () => pipe({ spin }))),
  ...[-1, 1.5, NaN, 2 ** 31].map((fd) => row(`fromFd(${fd})`, 'range', /descriptor|fd/, () => Connection.fromFd(fd))),
  ...['3', null, undefined, {}].map((fd) =>
    row(`fromFd(${JSON.stringify(fd)})`, 'type', /descriptor|fd/, () => Connection.fromFd(wrong(fd))),
  ),
]

const expected = ({ kind, names }: Call): { instanceOf: typeof Error; code: string; message: RegExp } => ({
  instanceOf: kind === 'type' ? TypeError : RangeError,
  code: kind === 'type' ? 'ERR_INVALID_ARG_TYPE' : 'ERR_OUT_OF_RANGE',
  message: names,
})

for (const wrongCall of asynchronous) {
  test(`${wrongCall.title} rejects with its own error, and never throws`, async (t) => {
    const [a] = pair(t)
    let promise: unknown
    t.notThrows(() => (promise = wrongCall.call(a)))
    await t.throwsAsync(promise as Promise<unknown>, expected(wrongCall))
  })
}

for (const wrongCall of synchronous) {
  test(`${wrongCall.title} throws its own error`, (t) => {
    const [a] = pair(t)
    t.throws(() => wrongCall.call(a), expected(wrongCall))
  })
}

test('the error for an unknown codec has its name', (t) => {
  t.throws(() => pipe({ codec: wrong('xml') }), { instanceOf: TypeError, message: /xml/ })
})

test('a connection that neither receives nor sends is refused, and its descriptor stays the caller’s', async (t) => {
  const [a, b] = pair(t)
  const fd = a.detach()
  t.throws(() => Connection.fromFd(fd, { readable: false, writable: false }), { message: /readable.*writable/ })
  const adopted = Connection.fromFd(fd)
  await adopted.send('fine')
  t.is(await b.recv(), 'fine')
  await adopted.close()
})

test('wrong arguments send nothing, take nothing and break nothing', async (t) => {
  const [a, b] = pair(t)
  await b.send('unharmed')
  for (const { call } of asynchronous) await Promise.resolve(call(a)).catch(() => {})
  for (const { call } of synchronous) t.throws(() => call(a))
  t.is(a.stats.messagesSent, 0)
  t.is(await a.recv(), 'unharmed')
  await a.send('the first')
  t.is(await b.recv(), 'the first')
})

test('the check for closed comes before the one of arguments', async (t) => {
  const [a] = pair(t)
  await a.close()
  await t.throwsAsync(() => a.sendBytes(wrong('text')), { code: 'ERR_CAROM_CONNECTION_CLOSED' })
  t.throws(() => a.recvBytesSync(-1), { code: 'ERR_CAROM_CONNECTION_CLOSED' })
})

test('the check for the direction comes before the one of arguments', async (t) => {
  const [receiver, sender] = pair(t, { duplex: false })
  await t.throwsAsync(() => receiver.sendBytes(wrong('text')), { code: 'ERR_CAROM_DIRECTION' })
  t.throws(() => sender.recvBytesSync(-1), { code: 'ERR_CAROM_DIRECTION' })
})

test('a connection is made by pipe and fromFd only', (t) => {
  t.throws(() => Reflect.construct(Connection, []), { instanceOf: TypeError })
})
