import { StringDecoder } from 'node:string_decoder'

/** Finds the lines in a stream's chunks and parses them as JSON. */
export class LineReader {
  readonly #deliver: (value: object) => void
  readonly #decoder = new StringDecoder('utf8')
  #rest = ''

  constructor(deliver: (value: object) => void) {
    this.#deliver = deliver
  }

  read(chunk: Buffer): void {
    const lines = (this.#rest + this.#decoder.write(chunk)).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#deliver(JSON.parse(line) as object)
  }
}
