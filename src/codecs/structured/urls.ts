/** The longest host of a URL, in characters; names of the Internet have up to 253. The engine's time grows with its square. */
const HOST_MAX = 8192

/** Whether a text is one that a `URL` has for its `href`, with a host that is read in time. */
export function isHref(text: string): boolean {
  // Beside these, a parser would leave characters out, or encode them.
  if (!/^[A-Za-z][\x20-\x7e]*$/.test(text)) return false
  if (text.length <= HOST_MAX) return true
  const [, scheme = '', slashes = '', host = ''] = /^([^:]*):([/\\]*)([^/\\?#]*)/.exec(text) ?? []
  return host.length <= HOST_MAX || (slashes.length < 2 && !/^(?:https?|wss?|ftp|file)$/i.test(scheme))
}
