import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Bytes of memory that this process has and can't give back, without the kernel's for its sockets. */
export async function memory(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  // What a collection finalizes may be freed by the next one only.
  for (let i = 0; i < 3; i++) {
    collect()
    await new Promise((resolve) => void setImmediate(resolve))
  }
  return process.memoryUsage.rss()
}
