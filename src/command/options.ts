import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

import type { Address, Family } from '../api/address.js'
import { nearest } from '../api/nearest.js'

/** The request of a command line. */
export interface Asked {
  command: 'listen' | 'connect' | 'call'
  address: Address
  /** Of a call: the function's name, and its arguments as they were typed. */
  name: string
  args: readonly string[]
  /** Milliseconds. */
  timeout: number | undefined
  once: boolean
  connection: { codec: 'json'; family?: Family; authkey?: Buffer }
}

/** The command line is wrong: exit code 2. */
export class UsageError extends Error {}

export const HELP = `carom: connections of Python's multiprocessing.connection, for a shell

  carom listen ADDRESS     waits for peers, one after the other
  carom connect ADDRESS    connects to a listener
  carom call ADDRESS NAME ARGS…
                           calls a function that a listener's peer serves by carom/calls

Each line of standard input is JSON, and is sent as a message; each message that
arrives is printed as a line of JSON. With a codec other than json, what JSON lacks is
{"$type": …}, both ways:
{"$type":"bytes","value":"aGVsbG8="}, {"$type":"bigint","value":"1"}, and so on.

ADDRESS is the path of a Unix socket, host:port or [::1]:port for TCP, @name for
Linux's abstract sockets, or \\\\.\\pipe\\name on Windows.

  --codec NAME         json (default), structured, msgpack, v8, or pickle for Python
  --authkey-file FILE  the key that both ends know; a last newline is not part of it
  --family FAMILY      AF_UNIX, AF_INET or AF_PIPE, where ADDRESS could be another
  --timeout MS         call: milliseconds until the answer must be here
  --once               listen: ends with the first peer; connect: with the first message
  --help               prints this

Each of ARGS is JSON, else text. The result is printed as a line of JSON, and of a
stream each item. Without --once, connect ends with its standard input; both end with the peer's end.
Exit codes: 0; 1 when something failed; 2 when the command line is wrong.

Examples:
  carom listen /tmp/carom.sock
  echo '{"hello":"world"}' | carom connect /tmp/carom.sock
  echo '["add", 1, 2]' | carom connect --once --codec pickle --authkey-file key localhost:5000
  carom call /tmp/service.sock resize photo.jpg 640 480
`

const CODECS = ['json', 'structured', 'msgpack', 'v8', 'pickle']
const FAMILIES = ['AF_UNIX', 'AF_INET', 'AF_PIPE']

/** The request of the arguments; `undefined`: for help. */
export function asked(args: string[]): Asked | undefined {
  const { values, positionals } = parsed(args)
  if (values.help) return undefined
  const [command, address, ...rest] = positionals
  if (command !== 'listen' && command !== 'connect' && command !== 'call') {
    throw new UsageError(
      command === undefined
        ? 'a command is missing: listen, connect or call'
        : `no command is called ${command}: listen, connect or call`,
    )
  }
  if (address === undefined || address === '') throw new UsageError(`${command} wants an ADDRESS`)
  const [name = '', ...callArguments] = command === 'call' ? rest.splice(0) : []
  if (command === 'call' && name === '') throw new UsageError('call wants the NAME of a function behind the ADDRESS')
  if (rest.length > 0) throw new UsageError(`${command} takes one ADDRESS, and ${rest.join(' ')} is more`)
  const { codec = 'json', family, once = false, timeout } = values
  if (timeout !== undefined && command !== 'call') throw new UsageError(`--timeout is of call, and ${command} has none`)
  if (values.once !== undefined && command === 'call')
    throw new UsageError('--once is of listen and connect: a call is one')
  if (timeout !== undefined && !/^\d+$/.test(timeout)) {
    throw new UsageError(`--timeout is a number of milliseconds, not ${timeout}`)
  }
  oneOf('--codec', codec, CODECS)
  if (family !== undefined) oneOf('--family', family, FAMILIES)
  const keyFile = values['authkey-file']
  return {
    command,
    address: addressOf(address, family as Family | undefined),
    name,
    args: callArguments,
    timeout: timeout === undefined ? undefined : Number(timeout),
    once,
    connection: {
      codec: codec as 'json',
      ...(family !== undefined && { family: family as Family }),
      ...(keyFile !== undefined && { authkey: keyIn(keyFile) }),
    },
  }
}

const OPTIONS = {
  codec: { type: 'string' },
  'authkey-file': { type: 'string' },
  family: { type: 'string' },
  timeout: { type: 'string' },
  once: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: OPTIONS,
    })
  } catch (error) {
    // Node's own message explains how to pass a file whose name begins with a hyphen, to a caller who has mistyped an option.
    const [, unknown] = /^Unknown option '(-[^']*)'/.exec((error as Error).message) ?? []
    const names = Object.keys(OPTIONS).map((name) => `--${name}`)
    throw new UsageError(unknown ? `there is no option ${unknown}${nearest(unknown, names)}` : (error as Error).message)
  }
}

function oneOf(option: string, value: string, values: readonly string[]): void {
  if (!values.includes(value)) throw new UsageError(`${option} is ${values.join(', ')}, not ${value}`)
}

/** A path, a name, or a host and its port. */
function addressOf(text: string, family: Family | undefined): Address {
  const tcp = /^(?:\[(?<v6>[^\]]+)\]|(?<name>[^/\\:]*)):(?<port>\d+)$/.exec(text)?.groups
  if (family === 'AF_INET' || (family === undefined && tcp)) {
    if (!tcp) throw new UsageError(`an address of AF_INET is host:port, not ${text}`)
    if (Number(tcp['port']) > 65_535) throw new UsageError(`a port is at most 65535, not ${tcp['port']}`)
    return { host: tcp['v6'] ?? (tcp['name'] || 'localhost'), port: Number(tcp['port']) }
  }
  return text.startsWith('@') ? `\0${text.slice(1)}` : text
}

function keyIn(file: string): Buffer {
  let key: Buffer
  try {
    key = readFileSync(file)
  } catch (error) {
    throw new UsageError(`--authkey-file: ${(error as Error).message}`)
  }
  const end = key.at(-1) === 0x0a ? (key.at(-2) === 0x0d ? -2 : -1) : key.length
  const bare = key.subarray(0, end)
  if (bare.length === 0) throw new UsageError(`--authkey-file: ${file} is empty`)
  return bare
}
