/** `: did you mean 'x'?`, where one of `names` is nearly `name`; otherwise the names that there are. */
export function nearest(name: string, names: readonly string[]): string {
  let best: string | undefined
  let least = Math.max(2, Math.floor(name.length / 3)) + 1
  for (const candidate of names) {
    const distance = editDistance(bare(name), bare(candidate))
    if (distance < least) [best, least] = [candidate, distance]
  }
  return best === undefined ? `; there are ${names.join(', ')}` : `: did you mean '${best}'?`
}

/** Neither case nor separators tell names apart: `auth_key`, `authKey`. */
const bare = (name: string): string => name.slice(0, 64).replaceAll(/[-_]/g, '').toLowerCase()

/** How many characters must be inserted, removed or replaced to make `b` of `a`. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, n) => n)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, replaced))
    }
    row = next
  }
  return row[b.length]!
}
