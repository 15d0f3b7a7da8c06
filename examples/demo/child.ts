// The child: every call blocks until it is done, as in a plain script. Its end of the pipe is descriptor 3.
import { createHash } from 'node:crypto'

import { Connection, EOFError } from 'carom'

import { END, type Job, NumberedMessages, type Report } from './messages.ts'

const connection = Connection.fromFd<Job, Report>(3)
const hashed = { messages: 0, bytes: 0, wrong: 0 }

try {
  for (;;) work(connection.recvSync())
} catch (error) {
  // The parent has closed its end: there is nothing more to do.
  if (!(error instanceof EOFError)) throw error
}

function work(job: Job): void {
  switch (job.job) {
    case 'hash':
      return hash(job.path, job.size)
    case 'total':
      return connection.sendSync({ report: 'total', ...hashed })
    case 'receive':
      return receive(job.size)
    case 'send':
      return send(job.size, job.seconds)
    case 'echo':
      return echo()
  }
}

function hash(path: string, size: number): void {
  const content = connection.recvBytesSync()
  connection.sendSync({ report: 'hashed', path, size: content.length })
  connection.sendBytesSync(createHash('sha256').update(content).digest())
  hashed.messages += 1
  hashed.bytes += content.length
  if (content.length !== size) hashed.wrong += 1
}

function receive(size: number): void {
  const expected = new NumberedMessages(size)
  let messages = 0
  let wrong = 0
  for (;;) {
    const message = connection.recvBytesSync()
    if (message.length === 0) break
    if (!expected.matches(messages, message)) wrong += 1
    messages += 1
  }
  connection.sendSync({ report: 'total', messages, bytes: messages * size, wrong })
}

function send(size: number, seconds: number): void {
  const numbered = new NumberedMessages(size)
  const end = performance.now() + seconds * 1000
  let messages = 0
  while (performance.now() < end) connection.sendBytesSync(numbered.get(messages++))
  connection.sendBytesSync(END)
  connection.sendSync({ report: 'total', messages, bytes: messages * size, wrong: 0 })
}

function echo(): void {
  for (;;) {
    const message = connection.recvBytesSync()
    if (message.length === 0) return
    connection.sendBytesSync(message)
  }
}
