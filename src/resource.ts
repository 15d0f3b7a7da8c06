/** What an object has of the system's. It outlives the object, and is released once. */
export interface Resource {
  /** Whose it is, for people: `the connection on descriptor 17`. */
  readonly owner: string
  release(): void
}

let warned = false

const collected = new FinalizationRegistry<Resource>((resource) => {
  if (!warned) {
    warned = true
    process.emitWarning(
      `${resource.owner} was garbage-collected while it was open: close it when you are done. It is closed now, as all such will be, without another warning`,
      { type: 'CaromWarning', code: 'CAROM_NOT_CLOSED' },
    )
  }
  resource.release()
})

/** Has `resource` released, with a warning, if `owner` is garbage-collected before `disown`. */
export function own(owner: object, resource: Resource): void {
  collected.register(owner, resource, owner)
}

export function disown(owner: object): void {
  collected.unregister(owner)
}
