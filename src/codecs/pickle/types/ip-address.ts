import { isIPv4, isIPv6 } from 'node:net'

import { PythonText } from './text.js'

/**
 * The classes of `ipaddress`.
 * See {@link PythonIPAddress}.
 */
export type PythonIPAddressClass =
  'IPv4Address' | 'IPv6Address' | 'IPv4Network' | 'IPv6Network' | 'IPv4Interface' | 'IPv6Interface'

/**
 * An address, a network or an interface of Python's `ipaddress`.
 *
 * @example
 * ```ts
 * import { pickle, PythonIPAddress } from 'carom/python'
 *
 * const network = pickle().decode(pickle().encode(new PythonIPAddress('10.0.0.0/8'))) as PythonIPAddress
 * console.log(network.kind, network.text) // IPv4Network 10.0.0.0/8
 * ```
 */
export class PythonIPAddress extends PythonText {
  /** The class in `ipaddress`. */
  readonly kind: PythonIPAddressClass

  /**
   * @param text - An address, such as `10.0.0.1` or `fe80::1%eth0`; of a network or an interface, with a prefix: `10.0.0.0/8`.
   * @param kind - By default, that of the address, or of the network where there is a prefix.
   */
  constructor(text: string, kind?: PythonIPAddressClass) {
    const [address = '', prefix, more] = String(text).split('/')
    const version = isIPv4(address) ? 4 : isIPv6(address) ? 6 : 0
    const known = kind ?? `IPv${version === 4 ? 4 : 6}${prefix === undefined ? 'Address' : 'Network'}`
    const bits = version === 4 ? 32 : 128
    const size = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN
    const prefixed = !known.endsWith('Address')
    if (version === 0 || !known.startsWith(`IPv${version}`) || !(size <= bits) || more !== undefined) {
      throw new TypeError(`'${String(text).slice(0, 60)}' is not an ipaddress.${known}`)
    }
    if (!prefixed && prefix !== undefined) throw new TypeError(`an ipaddress.${known} has no prefix: '${text}'`)
    const [plain = '', scope] = address.split('%')
    const normal = version === 4 ? plain : compressed(groupsOf(plain))
    if (known.endsWith('Network') && hasHostBits(version, plain, size)) {
      throw new TypeError(`'${text}' has bits set beyond the prefix of its network; an interface may`)
    }
    super(normal + (scope === undefined ? '' : `%${scope}`) + (prefixed ? `/${size}` : ''))
    this.kind = known
  }
}

function hasHostBits(version: 4 | 6, address: string, prefix: number): boolean {
  const parts = version === 4 ? address.split('.').map(Number) : groupsOf(address)
  const width = version === 4 ? 8 : 16
  return parts.some((part, n) => {
    const host = Math.min(Math.max((n + 1) * width - prefix, 0), width)
    return (part & (2 ** host - 1)) !== 0
  })
}

/** The eight numbers of an IPv6 address. */
function groupsOf(address: string): number[] {
  const dotted = /[\d.]+$/.exec(address)?.[0] ?? ''
  const [a = 0, b = 0, c = 0, d = 0] = dotted.split('.').map(Number)
  const hex = dotted.includes('.')
    ? `${address.slice(0, -dotted.length)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
    : address
  const [left = '', right] = hex.split('::')
  const numbers = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((part) => Number.parseInt(part, 16))
  const [head, tail] = [numbers(left), numbers(right ?? '')]
  return [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => 0), ...tail]
}

/** The text of an IPv6 address: its longest run of zeros, of two or more, is left out. */
export function compressed(groups: readonly number[]): string {
  let [from, length] = [0, 1]
  for (let start = 0; start < groups.length; start++) {
    let end = start
    while (groups[end] === 0) end++
    if (end - start > length) [from, length] = [start, end - start]
  }
  const texts = groups.map((group) => group.toString(16))
  if (length < 2) return texts.join(':')
  return `${texts.slice(0, from).join(':')}::${texts.slice(from + length).join(':')}`
}
