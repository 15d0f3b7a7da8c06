import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { arrayBuffer, json } from 'node:stream/consumers'

import { add, give, take } from './service.ts'

const server = createServer(async (request, response) => {
  if (request.url === '/take') return void response.end(new Uint8Array(take().buffer))
  const result =
    request.url === '/add'
      ? add(...((await json(request)) as [number, number]))
      : give(new Float64Array(await arrayBuffer(request)))
  response.end(JSON.stringify(result))
})
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
