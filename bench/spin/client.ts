// A client of an HTTP server in another thread, which measures how long each of its requests takes, one at a time.
import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { parentPort, workerData } from 'node:worker_threads'

const { port, end } = workerData as { port: number; end: number }
const agent = new Agent({ keepAlive: true })
const latencies: number[] = []
while (Date.now() < end) {
  const begin = performance.now()
  const [response] = (await once(get({ port, agent }), 'response')) as [IncomingMessage]
  response.resume()
  await once(response, 'end')
  latencies.push(performance.now() - begin)
}
agent.destroy()
parentPort?.postMessage(latencies)
