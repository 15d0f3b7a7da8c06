/** Whether a property's name is one of an element. */
export function isIndex(name: string): boolean {
  const number = Number(name)
  return number >= 0 && number < 2 ** 32 - 1 && Number.isInteger(number) && String(number) === name
}

/** Whether a name begins as those of elements do. */
export function isIndexLike(name: string): boolean {
  const unit = name.charCodeAt(0)
  return unit >= 48 && unit <= 57
}
