// The pictures of the documentation: their text can be read on the pages that show them.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'

const docs = fileURLToPath(new URL('../docs/', import.meta.url))
const pictures = readdirSync(docs, { recursive: true, encoding: 'utf8' }).filter(
  (name) => name.endsWith('.svg') && !name.startsWith('site'),
)

/** The pages that show them: GitHub's, npm's, and the site's. */
const PAGES = { light: ['#ffffff', '#f2f4f8'], dark: ['#0d1117', '#2b2e33'] }

/** The luminance of a color, as WCAG 2 defines it. */
function luminance(color: string): number {
  const parts = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16) / 255)
  const [r = 0, g = 0, b = 0] = parts.map((part) => (part <= 0.040_45 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(one: string, other: string): number {
  const [dark = 0, bright = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b)
  return (bright + 0.05) / (dark + 0.05)
}

test('there are pictures', (t) => {
  t.true(pictures.length >= 7)
})

for (const name of pictures) {
  const svg = readFileSync(join(docs, name), 'utf8')

  test(`${name}: its text has a contrast of 4.5 to a light page, and to a dark one`, (t) => {
    const [, ink = '', light = '', dark = ''] =
      /<style>text\[fill="(#\w+)"\]\{fill:(#\w+)\}@media\(prefers-color-scheme:dark\)\{text\[fill="#\w+"\]\{fill:(#\w+)\}\}/.exec(
        svg,
      ) ?? []
    for (const [, fill] of svg.matchAll(/<text\b[^>]*\bfill="([^"]*)"/g)) t.is(fill, ink)
    for (const page of PAGES.light) t.true(contrast(light, page) >= 4.5, `${light} on ${page}`)
    for (const page of PAGES.dark) t.true(contrast(dark, page) >= 4.5, `${dark} on ${page}`)
  })

  test(`${name}: no text begins outside of it, or ends there`, (t) => {
    const [, width = '', height = ''] = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(svg) ?? []
    for (const [, attributes = '', text = ''] of svg.matchAll(/<text\b([^>]*)>([^<]*)</g)) {
      const [, left = '0', top = '0'] = /translate\((-?[\d.]+) (-?[\d.]+)\)/.exec(attributes) ?? []
      const [, size = '12'] = /font-size:([\d.]+)px/.exec(attributes) ?? []
      const [, offset = '0'] = /\bx="(-?[\d.]+)"/.exec(attributes) ?? []
      // A letter is some 0.55 of the size of its font wide.
      const length = text.length * Number(size) * 0.55
      const at = Number(left) + Number(offset)
      const from = attributes.includes('"end"') ? at - length : attributes.includes('"middle"') ? at - length / 2 : at
      if (/rotate|matrix/.test(attributes)) continue
      t.true(from >= -1 && from + length <= Number(width), `${text} from ${from} to ${from + length} of ${width}`)
      t.true(Number(top) >= 0 && Number(top) <= Number(height), text)
    }
  })
}
