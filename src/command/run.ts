import { createInterface } from 'node:readline'

import { connect } from '../api/connect.js'
import type { Connection } from '../api/connection.js'
import { ConnectionClosedError, DecodeError, EOFError } from '../api/errors.js'
import { Listener } from '../api/listener.js'
import { callOnce } from './call.js'
import { type Asked, asked as askedBy, HELP, UsageError } from './options.js'
import { printable, printableJson } from './terminal.js'
import { FunctionFailed } from './thrown.js'
import { fromLine, toLine } from './values.js'

/** Does what the command line says. */
export async function run(args: string[]): Promise<void> {
  // The reader of this output has ended: there is nobody to tell.
  process.stdout.on('error', () => process.exit(1))
  try {
    const request = askedBy(args)
    if (!request) process.stdout.write(HELP)
    else if (request.command === 'listen') await listen(request)
    else if (request.command === 'call') await callOnce(request)
    else await talk(await connect(request.address, request.connection), request)
  } catch (error) {
    if (error instanceof FunctionFailed) process.stderr.write(`${error.message}\n`)
    else complain((error as Error).message)
    process.exitCode = error instanceof UsageError ? 2 : 1
    if (error instanceof UsageError) process.stderr.write('carom --help lists the commands and options\n')
  } finally {
    // Standard input may still be open.
    input?.close()
    process.stdin.destroy()
  }
}

function complain(text: string): void {
  process.stderr.write(`carom: ${printable(text)}\n`)
}

async function listen(asked: Asked): Promise<void> {
  const { address, connection, once } = asked
  // Ctrl-C is how a listener in a shell ends. The socket file goes with it, and the signal ends the program as it would. A peer can
  // connect, and a signal come, as soon as there is a listener: so the handlers are there before it.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      void listener.close()
      process.kill(process.pid, signal)
    })
  }
  const listener = new Listener(address, connection)
  listener.on('authenticationFailure', ({ message }) => complain(message))
  try {
    for await (const peerOfNow of listener) {
      await talk(peerOfNow, asked)
      if (once) return
    }
  } finally {
    await listener.close()
  }
}

let input: ReturnType<typeof createInterface> | undefined
/** The peer of now: what is typed goes to it. */
let peer: Connection | undefined
/** Messages are JSON themselves: lines go as they are. */
let plain = true
let lines = Promise.resolve()
let number = 0

/** Sends what comes on standard input, and prints what arrives, until one of them ends. */
async function talk(connection: Connection, { command, once, connection: { codec } }: Asked): Promise<void> {
  peer = connection
  plain = codec === 'json'
  const reading = print(connection, command === 'connect' && once)
  readInput()
  // A program that waits for an answer still listens when its input has ended.
  if (command === 'connect' && !once) void closeWithInput(connection)
  try {
    await reading
  } finally {
    peer = undefined
    await connection.close().catch(() => {})
  }
}

async function closeWithInput(connection: Connection): Promise<void> {
  await inputEnded
  await lines
  await connection.close().catch(() => {})
}

let endInput: () => void
const inputEnded = new Promise<void>((resolve) => (endInput = resolve))

function readInput(): void {
  if (input) return
  input = createInterface({ input: process.stdin, terminal: false })
  input.on('line', (line) => {
    number++
    const at = number
    lines = lines.then(() => sendLine(line, at))
  })
  input.on('close', () => endInput())
}

async function sendLine(line: string, at: number): Promise<void> {
  if (line.trim() === '') return
  try {
    await peer?.send(plain ? JSON.parse(line) : fromLine(line))
  } catch (error) {
    if (error instanceof ConnectionClosedError) return
    complain(`line ${at}: ${(error as Error).message}`)
    process.exitCode = 1
  }
}

async function print(connection: Connection, once: boolean): Promise<void> {
  for (;;) {
    try {
      const value = await connection.recv()
      process.stdout.write(`${plain ? printableJson(JSON.stringify(value)) : toLine(value)}\n`)
      if (once) return
    } catch (error) {
      if (error instanceof EOFError || error instanceof ConnectionClosedError) return
      if (!(error instanceof DecodeError || error instanceof TypeError)) throw error
      complain(error.message)
      process.exitCode = 1
    }
  }
}
