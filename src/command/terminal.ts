/** The text without what a terminal obeys: some of it is a peer's. */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- these are what is meant
  return text.replaceAll(/[\0-\x08\x0b-\x1f\x7f-\x9f]/g, (character) => `\\x${code(character, 2)}`)
}

/** JSON for the same value, whose text a terminal does not obey: JSON itself escapes only the lower half of the control characters. */
export function printableJson(json: string): string {
  // oxlint-disable-next-line no-control-regex -- these are what is meant
  return json.replaceAll(/[\x7f-\x9f]/g, (character) => `\\u${code(character, 4)}`)
}

function code(character: string, digits: number): string {
  return character.charCodeAt(0).toString(16).padStart(digits, '0')
}
