import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Bytes of memory that this process has and can't give back, without the kernel's for its sockets. */
export async function memory(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  // An object that one collection finalizes may be freed only by the next one.
  for (let i = 0; i < 3; i++) {
    collect()
    await new Promise((resolve) => void setImmediate(resolve))
  }
  return process.memoryUsage.rss()
}
