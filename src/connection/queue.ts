/** Removes the first item of `queue`, and returns it. Where it is the only one, `shift` takes twice as long on newer versions of Node.js. */
export function takeFirst<Item>(queue: Item[]): Item | undefined {
  return queue.length > 1 ? queue.shift() : queue.pop()
}
