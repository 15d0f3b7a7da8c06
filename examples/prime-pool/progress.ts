// A line that shows how far a thing is: on a terminal only, and on stderr, so that the result can go to a file.

const WIDTH = 40

/** `part` is from 0 to 1; at 1, the line goes away. */
export function showProgress(part: number, text: string): void {
  if (!process.stderr.isTTY) return
  const done = Math.round(part * WIDTH)
  const bar = '█'.repeat(done) + '·'.repeat(WIDTH - done)
  process.stderr.write(part < 1 ? `\r${bar} ${Math.floor(part * 100)} %, ${text}` : '\r\u001B[K')
}
