interface Watch {
  callbacks: Set<() => void>
  listener: () => void
}

/** One listener serves all waits on a signal: Node warns of a leak where a signal has more than ten. */
const watches = new WeakMap<AbortSignal, Watch>()

/** Calls `callback` when `signal` is aborted. The returned function unsubscribes. */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const watch = watches.get(signal) ?? begin(signal)
  watch.callbacks.add(callback)
  return () => {
    watch.callbacks.delete(callback)
    if (watch.callbacks.size === 0) end(signal, watch)
  }
}

function begin(signal: AbortSignal): Watch {
  const callbacks = new Set<() => void>()
  const listener = (): void => {
    watches.delete(signal)
    for (const callback of callbacks) callback()
  }
  const watch = { callbacks, listener }
  watches.set(signal, watch)
  signal.addEventListener('abort', listener, { once: true })
  return watch
}

function end(signal: AbortSignal, watch: Watch): void {
  if (watches.get(signal) !== watch) return
  watches.delete(signal)
  signal.removeEventListener('abort', watch.listener)
}
