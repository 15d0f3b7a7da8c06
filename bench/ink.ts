// Grey text of pictures that may be shown on a light page or a dark one. No one grey has enough contrast on both.

/** As a picture is drawn; what `legible` replaces. */
export const INK = '#7d8590'

const STYLE = `<style>text[fill="${INK}"]{fill:#59636e}@media(prefers-color-scheme:dark){text[fill="${INK}"]{fill:#9198a1}}</style>`

/** The picture, whose text has a contrast of 4.5 or more on either page. */
export function legible(svg: string): string {
  return svg.replace(/^<svg[^>]*>/, (head) => `${head}\n${STYLE}`)
}
