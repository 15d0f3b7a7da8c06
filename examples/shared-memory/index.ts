// A camera and a filter. Node.js writes frames into shared memory, and Python works on them in place, with numpy. What crosses the
// connection is the name of a frame, once, and then its number: a frame of 6 MB takes no longer than a small one.
//
// Run it: PYTHON=<a Python with numpy> node --import @oxc-node/core/register examples/shared-memory/index.ts

import { Process } from 'carom'
import { SharedMemory } from 'carom/shared-memory'

const [WIDTH, HEIGHT] = [1920, 1080]
const SIZE = WIDTH * HEIGHT * 3

const filter = new Process(new URL('./filter.py', import.meta.url), { serve: true })
await filter.start()

// Two frames, so that one can be written while the other is worked on.
const frames = [SharedMemory.create(SIZE), SharedMemory.create(SIZE)]
try {
  for (const frame of frames) await filter.remote['add']!(frame, [HEIGHT, WIDTH, 3])

  let working = Promise.resolve()
  for (let n = 0; n < 4; n++) {
    const number = n % frames.length
    const pixels = new Uint8Array(frames[number]!.buffer)
    takePicture(pixels, n)
    const before = working
    working = invert(number, n, pixels)
    await before
  }
  await working
} finally {
  await filter.stop()
  for (const frame of frames) {
    // The maker of a segment unlinks it.
    frame.unlink()
    frame.close()
  }
}

/** Has a frame worked on. Until the call is over, it is the filter's. */
async function invert(number: number, n: number, pixels: Uint8Array): Promise<void> {
  const mean = await filter.remote['invert']!(number)
  console.log(`frame ${n}: its first pixel is now ${pixels.subarray(0, 3).join(' ')}, the mean ${String(mean)}`)
}

/** Stands for a camera. */
function takePicture(pixels: Uint8Array, n: number): void {
  pixels.fill(10 * n)
}
