/** Removes the first item of `queue`, and returns it. `shift` takes many times as long where it is the only one, and trims the array. */
export function takeFirst<Item>(queue: Item[]): Item | undefined {
  return queue.length > 1 ? queue.shift() : queue.pop()
}
