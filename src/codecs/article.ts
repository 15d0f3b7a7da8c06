/** A name with `a` or `an`, as it is spoken: a `URL`, a `Uint8Array`, an `Event`. */
export function withArticle(name: string): string {
  return `${/^[AEIO]/.test(name) ? 'an' : 'a'} ${name}`
}
