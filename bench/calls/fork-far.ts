import * as service from './service.ts'

interface Request {
  id: number
  name: string
  args: unknown[]
}

const functions = new Map<string, Function>(Object.entries(service))

process.on('message', ({ id, name, args }: Request) => {
  try {
    process.send!({ id, value: functions.get(name)!(...args) })
  } catch (error) {
    process.send!({ id, error: String(error) })
  }
})
