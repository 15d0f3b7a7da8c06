/** An object's share of the system's resources. It outlives the object, and is released once. */
export interface Resource {
  /** The owner, for people: `the connection on descriptor 17`. */
  readonly owner: string
  release(): void
}

let warned = false

const collected = new FinalizationRegistry<Resource>((resource) => {
  if (!warned) {
    warned = true
    process.emitWarning(
      `${resource.owner} was garbage-collected while it was open: close it when you are done. It is closed now; others will be closed without another warning`,
      { type: 'CaromWarning', code: 'CAROM_NOT_CLOSED' },
    )
  }
  resource.release()
})

/**
 * Has `resource` released, with a warning, if what this returns is garbage-collected before `disown`. Its owner refers to it,
 * and nobody else. The registry doesn't watch the owner itself, for whatever it watches lives until the next full collection,
 * with all that it refers to: the memory of short-lived connections would pile up.
 */
export function own(resource: Resource): object {
  const watched = {}
  collected.register(watched, resource, watched)
  return watched
}

export function disown(watched: object): void {
  collected.unregister(watched)
}
