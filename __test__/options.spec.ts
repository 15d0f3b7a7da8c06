import { once } from 'node:events'
import test from 'ava'
import { connect, connectSync, Connection, Listener, pipe, Process, spawn, wait, waitSync } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { listen } from './listeners.ts'

checkDescriptors(test)

/** A value of a type that no TypeScript program could pass. */
const wrong = (value: unknown): never => value as never

/** An end whose calls are made with options of no meaning: none of them gets as far as to receive. */
async function withEnd(call: (end: Connection) => unknown): Promise<unknown> {
  const [end, other] = pipe()
  try {
    return await call(end)
  } finally {
    await Promise.all([end.close(), other.close()])
  }
}

/** As above, with a listener. */
async function withListener(call: (listener: Listener) => unknown): Promise<unknown> {
  const listener = new Listener()
  try {
    return await call(listener)
  } finally {
    await listener.close()
  }
}

/** Every call that takes options, by the name in its errors. */
const calls: [string, (options: never) => unknown][] = [
  ['accept', (options) => withListener((listener) => listener.accept(options))],
  ['connect', (options) => connect('/nowhere', options)],
  ['connectSync', (options) => connectSync('/nowhere', options)],
  ['Connection.fromFd', (options) => Connection.fromFd(0x7fffffff, options)],
  ['Listener', (options) => new Listener(undefined, options)],
  ['Listener.fromFd', (options) => Listener.fromFd(0x7fffffff, options)],
  ['pipe', (options) => pipe(options)],
  ['poll', (options) => withEnd((end) => end.poll(0, options))],
  ['Process', (options) => new Process('/nowhere.js', options)],
  ['recv', (options) => withEnd((end) => end.recv(options))],
  ['recvBytesInto', (options) => withEnd((end) => end.recvBytesInto(Buffer.alloc(1), 0, options))],
  ['recvHandle', (options) => withEnd((end) => end.recvHandle(options))],
  ['spawn', (options) => spawn('true', [], options)],
  ['wait', (options) => wait([], options)],
  ['waitSync', (options) => waitSync([], options)],
]

const refused = (message: RegExp): { instanceOf: typeof TypeError; code: string; message: RegExp } => ({
  instanceOf: TypeError,
  code: 'ERR_INVALID_ARG_TYPE',
  message,
})

for (const [name, call] of calls) {
  test(`${name} refuses an option that it does not have, and says which ones it has`, async (t) => {
    await t.throwsAsync(
      async () => call(wrong({ bogus: 1 })),
      refused(new RegExp(`^${name} has no option 'bogus'; there are \\w+`)),
    )
  })

  test(`${name} refuses an unknown option even where it is undefined`, async (t) => {
    await t.throwsAsync(async () => call(wrong({ bogus: undefined })), refused(/bogus/))
  })

  test(`${name} refuses an array, and a signal that is not in an object, as its options`, async (t) => {
    await t.throwsAsync(async () => call(wrong([])), refused(/options must be an object/))
    await t.throwsAsync(async () => call(wrong(AbortSignal.timeout(1))), refused(/options must be .*\{ signal \}/))
  })
}

for (const [given, meant, names] of [
  ['authKey', 'authkey', ['connect', 'connectSync', 'Listener', 'Listener.fromFd']],
  ['auth_key', 'authkey', ['Listener']],
  ['autkhey', 'authkey', ['Listener']],
  ['maxmessagesize', 'maxMessageSize', ['pipe', 'connect', 'Listener', 'Connection.fromFd']],
  ['high_water_mark', 'highWaterMark', ['pipe']],
  ['signals', 'signal', ['accept', 'recv', 'poll', 'wait', 'connect', 'Process', 'spawn']],
  ['timout', 'timeout', ['wait', 'waitSync', 'connect']],
  ['conections', 'connections', ['spawn']],
  ['arg', 'args', ['Process']],
] as const) {
  for (const [name, call] of calls.filter(([each]) => (names as readonly string[]).includes(each))) {
    test(`${name} asks, given ${given}, whether ${meant} was meant`, async (t) => {
      await t.throwsAsync(
        async () => call(wrong({ [given]: 'x' })),
        refused(new RegExp(`'${given}': did you mean '${meant}'\\?`)),
      )
    })
  }
}

for (const name of ['accept', 'recv', 'recvBytesInto', 'recvHandle', 'poll']) {
  const call = calls.find(([each]) => each === name)![1]
  test(`${name} with a timeout says that a signal ends the wait`, async (t) => {
    await t.throwsAsync(async () => call(wrong({ timeout: 5 })), refused(/AbortSignal\.timeout/))
  })
}

for (const authkey of [undefined, null, '']) {
  for (const [name, call] of calls.filter(([each]) => /^(connect|connectSync|Listener|Listener\.fromFd)$/.test(each))) {
    test(`${name} refuses ${JSON.stringify(authkey)} as its authkey, which is no key`, async (t) => {
      await t.throwsAsync(async () => call(wrong({ authkey })), refused(/authkey must be .*not empty/))
    })
  }
}

test('other options that are undefined count as absent', async (t) => {
  const listener = listen(t, undefined, { family: undefined, backlog: undefined, mode: undefined, digests: undefined })
  const connecting = connect(listener.address, { timeout: undefined, signal: undefined, codec: undefined })
  const accepted = await listener.accept({ signal: undefined })
  const client = await connecting
  t.is(await client.poll(0, { signal: undefined }), false)
  t.deepEqual(await wait([accepted], { timeout: 0, signal: undefined }), [])
  await Promise.all([client.close(), accepted.close()])
})

test('an option that is inherited counts as one that is there', async (t) => {
  class Config {
    readonly #key = 'secret'
    get authkey(): string {
      return this.#key
    }
  }
  const listener = listen(t, undefined, wrong(new Config()))
  const accepted = listener.accept()
  const client = await connect(listener.address, Object.create({ authkey: 'secret' }))
  const server = await accepted
  await t.throwsAsync(
    async () => connect(listener.address, Object.create({ authKey: 'secret' })),
    refused(/did you mean 'authkey'/),
  )
  await Promise.all([client.close(), server.close()])
})

test('spawn and Process take the options of Node’s spawn', async (t) => {
  const child = spawn('sh', ['-c', 'exit 5'], {
    windowsHide: true,
    argv0: 'sh',
    killSignal: 'SIGKILL',
    serialization: 'json',
  })
  t.deepEqual(await once(child, 'exit'), [5, null])
  const program = 'export default () => process.exit(process.argv0 === "carom" ? 7 : 8)'
  const worker = new Process(`data:text/javascript,${encodeURIComponent(program)}`, {
    argv0: 'carom',
    execArgv: [],
  })
  await worker.start()
  await worker.join()
  t.is(worker.exitCode, 7)
  worker.close()
})
