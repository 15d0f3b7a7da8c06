/** An object's share of the system's resources. It outlives the object, and is released once. */
export interface Resource {
  /** A description of the owner for messages: `the connection on descriptor 17`. */
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
 * Releases `resource`, with a warning, if the returned token is garbage-collected before `disown`. Only the owner may refer to the
 * token. The registry doesn't watch the owner itself, for whatever it watches lives until the next full collection,
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
