// The tables of docs/options.md and docs/errors.md have what the code has.

import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import * as carom from 'carom'
import { connect, connectSync, Connection, Listener, pipe, Process, spawn, wait, waitSync } from 'carom'
import { call, remote, serve } from 'carom/calls'
import { connectManager, ManagerServer } from 'carom/managers'
import { pickle } from 'carom/python'
import { SharedMemory } from 'carom/shared-memory'
import { checkDescriptors } from './descriptors.ts'
import { type Item, type Member, publicItems } from './reference.ts'

checkDescriptors(test)

const root = fileURLToPath(new URL('../', import.meta.url))
const read = (page: string): string => readFileSync(join(root, page), 'utf8')
const items = publicItems()

/** Every function that takes options, by the name that its errors and the page have, and the types of its options. */
const functions: Record<string, { types: string[]; call: (options: never) => unknown }> = {
  pipe: { types: ['PipeOptions'], call: (options) => pipe(options) },
  connect: { types: ['ConnectOptions'], call: (options) => connect('/nowhere', options) },
  connectSync: { types: ['ConnectSyncOptions'], call: (options) => connectSync('/nowhere', options) },
  Listener: { types: ['ListenerOptions'], call: (options) => new Listener(undefined, options) },
  'Listener.fromFd': {
    types: ['ConnectionOptions', 'AuthenticationOptions'],
    call: (options) => Listener.fromFd(0x7fffffff, options),
  },
  'Connection.fromFd': {
    types: ['ConnectionOptions', 'Directions'],
    call: (options) => Connection.fromFd(0x7fffffff, options),
  },
  recv: { types: ['ReceiveOptions'], call: (options) => withEnd((end) => end.recv(options)) },
  recvBytes: { types: ['ReceiveOptions'], call: (options) => withEnd((end) => end.recvBytes(1, options)) },
  recvBytesInto: {
    types: ['ReceiveOptions'],
    call: (options) => withEnd((end) => end.recvBytesInto(Buffer.alloc(1), 0, options)),
  },
  recvHandle: { types: ['ReceiveOptions'], call: (options) => withEnd((end) => end.recvHandle(options)) },
  poll: { types: ['ReceiveOptions'], call: (options) => withEnd((end) => end.poll(0, options)) },
  forEach: { types: ['ReceiveOptions'], call: (options) => withEnd((end) => end.forEach(() => {}, options)) },
  accept: { types: ['ReceiveOptions'], call: (options) => withListener((listener) => listener.accept(options)) },
  wait: { types: ['WaitOptions'], call: (options) => wait([], options) },
  waitSync: { types: ['WaitSyncOptions'], call: (options) => waitSync([], options) },
  Process: { types: ['ProcessOptions'], call: (options) => new Process('/nowhere.js', options) },
  spawn: { types: ['SpawnOptions'], call: (options) => spawn('true', [], options) },
  serve: { types: ['ServeOptions'], call: (options) => withEnd((end) => serve(end, { f: () => {} }, options)) },
  call: { types: ['CallOptions'], call: (options) => withEnd((end) => call(remote(end), 'f', [], options)) },
  connectManager: { types: ['ConnectManagerOptions'], call: (options) => connectManager('/nowhere', options) },
  ManagerServer: { types: ['ManagerServerOptions'], call: (options) => new ManagerServer(undefined, options) },
  pickle: { types: ['PickleOptions'], call: (options) => pickle(options) },
  'SharedMemory.create': { types: ['SharedMemoryOptions'], call: (options) => SharedMemory.create(1, options) },
}

async function withEnd(use: (end: Connection) => unknown): Promise<void> {
  const [end, other] = pipe()
  try {
    await use(end)
  } finally {
    await Promise.all([end.close(), other.close()])
  }
}

async function withListener(use: (listener: Listener) => unknown): Promise<void> {
  await using listener = new Listener()
  await use(listener)
}

interface Row {
  functions: string[]
  name: string
  type: string
  default: string
  unit: string
}

/** The rows of a page's tables, as the texts of their cells. */
function cells(table: string): string[][] {
  return [...table.matchAll(/^\| (?!-)(.*) \|$/gm)].map(([, row = '']) =>
    row.split(/(?<!\\)\|/).map((each) => each.trim()),
  )
}

/** The text of a piece of code in a cell. */
const code = (cell: string): string => cell.replaceAll('`', '').replaceAll(String.raw`\|`, '|')

/** The rows of docs/options.md, each with the functions that the line before its table names. */
function rows(): Row[] {
  const [, ...parts] = read('docs/options.md').split(/^Of (?=`)/m)
  return parts.flatMap((part) => {
    const [line = ''] = part.split('\n')
    const [list = ''] = /^(`[\w.]+`(, )?)+/.exec(line) ?? []
    const named = [...list.matchAll(/`([\w.]+)`/g)].map(([, name = '']) => name)
    return cells(part)
      .slice(1)
      .map(([name = '', type = '', byDefault = '', unit = '']) => ({
        functions: named,
        name: code(name),
        type: code(type),
        default: byDefault,
        unit,
      }))
  })
}

/** The names that a function knows: it lists them when it is given one that is like none of them. */
async function namesKnownBy(use: (options: never) => unknown): Promise<string[]> {
  try {
    await use({ ['?'.repeat(30)]: 1 } as never)
  } catch (error) {
    const [, list = ''] = /; there are (.*)$/.exec((error as Error).message) ?? []
    return list.split(', ').toSorted()
  }
  return []
}

/** An option's declaration in the typings: of the type itself, or of one that it extends. */
function declared(type: string, name: string): Member | undefined {
  const item: Item | undefined = items.get(type)
  return (
    item?.members.find((member) => member.name === name) ??
    item?.bases.map((base) => (base === type ? undefined : declared(base, name))).find(Boolean)
  )
}

const page = rows()

for (const [name, { types, call: use }] of Object.entries(functions)) {
  test(`docs/options.md: ${name} has the options that it knows, of these types and defaults`, async (t) => {
    const own = page.filter((row) => row.functions.includes(name))
    const [, ofNode = ''] = /take the options of Node's own `spawn`: ([^]*?)\.\n/.exec(read('docs/options.md')) ?? []
    const further = /^(spawn|Process)$/.test(name) ? ofNode.split(/,\s+/).map(code) : []
    t.deepEqual([...new Set([...own.map((row) => row.name), ...further])].toSorted(), await namesKnownBy(use))
    for (const row of own) {
      const member = types.map((type) => declared(type, row.name)).find(Boolean)
      t.is(row.type, member?.type?.replace(' | undefined', '') ?? '', row.name)
      // The key of a manager has no default, since it must be there.
      if (!member?.optional) continue
      const [, byDefault = ''] = /\bDefault:? ([^]*)/.exec(member.comment.replaceAll(/\s+/g, ' ')) ?? []
      t.true(byDefault.startsWith(row.default), `${row.name}: ${row.default} is not ${byDefault}`)
      t.is(
        row.type.includes('number') && !row.type.includes('Iterable'),
        row.unit !== '',
        `${row.name} has a unit if it is a number`,
      )
    }
  })
}

test('docs/options.md names no function that is not there', (t) => {
  t.deepEqual([...new Set(page.flatMap((row) => row.functions))].toSorted(), Object.keys(functions).toSorted())
})

const errors = cells(read('docs/errors.md')).slice(1)

test('docs/errors.md has every class of errors, with the code that it has', (t) => {
  const classes = Object.entries(carom).filter(
    ([, each]) => typeof each === 'function' && each.prototype instanceof carom.CaromError,
  )
  t.true(classes.length > 10)
  const source = read('src/api/errors.ts')
  for (const [name] of classes) {
    const [, text = ''] = new RegExp(`^export class ${name} ([^]*?)^}`, 'm').exec(source) ?? []
    const [, own] = /'(ERR_CAROM_\w+|EAGAIN)'/.exec(text) ?? []
    const documented = errors.filter(([first = '']) => code(first) === name).map(([, second = '']) => code(second))
    t.true(own === undefined ? documented.length > 0 : documented.includes(own), `${name} ${own ?? ''}`)
  }
})

test('docs/errors.md has every code that carom gives an error, and no other', (t) => {
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  )
  // A code that is compared is another one's.
  const codes = /(?<!=== )'(ERR_\w+)'/g
  const given = files.flatMap((name) => [...read(`src/${name}`).matchAll(codes)].map(([, each = '']) => each))
  const documented = errors.flatMap(([, second = '']) =>
    [...second.matchAll(/`(ERR_\w+)`/g)].map(([, each = '']) => each),
  )
  t.deepEqual([...new Set(documented)].toSorted(), [...new Set(given)].toSorted())
})

test('docs/errors.md says a cause and a way out of each', (t) => {
  for (const row of errors) {
    t.is(row.length, 4, row[0])
    for (const cell of row) t.not(cell, '', row[0])
  }
})
