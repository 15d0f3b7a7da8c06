// A pool of four processes counts prime numbers. The parent hands out ranges, waits for all four at once, and shows how far
// they are.
//
// Run it: node --import @oxc-node/core/register examples/prime-pool/index.ts [limit]

import { isMain, pipe, Process, wait, type Connection } from 'carom'
import { showProgress } from './progress.ts'

/** Count the primes from the first number up to, and without, the second. */
type Job = [from: number, to: number]

const WORKERS = 4
const RANGE = 20_000

/** A worker: counts until the parent closes. It has nothing else to do, so it blocks. */
export async function counter(connection: Connection<Job, number>): Promise<void> {
  for await (const [from, to] of connection) connection.sendSync(countPrimes(from, to))
}

function countPrimes(from: number, to: number): number {
  let count = 0
  for (let n = Math.max(from, 2); n < to; n++) if (isPrime(n)) count++
  return count
}

function isPrime(n: number): boolean {
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false
  return true
}

function* ranges(limit: number): Generator<Job> {
  for (let from = 0; from < limit; from += RANGE) yield [from, Math.min(from + RANGE, limit)]
}

async function countWithPool(limit: number): Promise<number> {
  const jobs = ranges(limit)
  const workers = new Map<Connection<number, Job>, Process>()
  for (let n = 1; n <= WORKERS; n++) {
    const [connection, workersEnd] = pipe<number, Job>()
    // Daemons end with this process, however it ends.
    workers.set(connection, new Process(import.meta.url, { target: 'counter', daemon: true, args: [workersEnd] }))
  }
  await Promise.all([...workers.values()].map((worker) => worker.start()))

  const handOut = async (connection: Connection<number, Job>): Promise<void> => {
    const { done, value } = jobs.next()
    if (!done) await connection.send(value)
    else await connection.close()
  }
  for (const connection of workers.keys()) await handOut(connection)

  const busy = (): Connection<number, Job>[] => [...workers.keys()].filter(({ closed }) => !closed)
  let [primes, counted] = [0, 0]
  while (busy().length > 0) {
    for (const connection of await wait(busy())) {
      // A worker that dies is an EOFError here.
      primes += await connection.recv()
      counted = Math.min(counted + RANGE, limit)
      showProgress(counted / limit, `${primes} primes`)
      await handOut(connection)
    }
  }
  await Promise.all([...workers.values()].map((worker) => worker.join()))
  return primes
}

if (isMain(import.meta)) {
  const limit = Number(process.argv[2] ?? 1_000_000)
  const primes = await countWithPool(limit)
  console.log(`${primes} primes below ${limit}, counted by ${WORKERS} processes`)
}
