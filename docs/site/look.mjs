// Opens every page of the site in Chromium, light and dark, narrow and wide, and fails where one is wider than the screen or has text
// of too little contrast. Pictures of the pages go to build/look, for a person to look at.
//
//   npm run docs && npm run docs:look            # every page
//   npm run docs:look -- index.html documents/options.html
//
// It needs Chromium: `apt-get install chromium`, or its path in CHROMIUM.

import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const site = new URL('../../build/site/', import.meta.url)
const pictures = new URL('../../build/look/', import.meta.url)
const SCREENS = [
  { width: 390, height: 844 },
  { width: 1440, height: 900 },
]
const SCHEMES = ['light', 'dark']
/** Of text to its background, by WCAG 2, level AA. */
const CONTRAST = 4.5

/** A page of the browser, which is spoken to by its debugging protocol: JSON with a NUL behind it, on descriptors 3 and 4. */
class Page {
  #child
  #session
  #last = 0
  #answers = new Map()
  #loaded = () => {}

  static async open() {
    const page = new Page()
    const flags = ['--headless=new', '--no-sandbox', '--hide-scrollbars', '--remote-debugging-pipe', 'about:blank']
    const stdio = ['ignore', 'ignore', 'ignore', 'pipe', 'pipe']
    page.#child = spawn(process.env.CHROMIUM ?? 'chromium', flags, { stdio })
    page.#child.once('error', (error) => {
      console.error(`Chromium can't be started (${error.message}): install it, or set CHROMIUM to its path`)
      process.exit(2)
    })
    let rest = ''
    page.#child.stdio[4].setEncoding('utf8').on('data', (text) => {
      const messages = (rest + text).split('\0')
      rest = messages.pop()
      for (const message of messages) page.#take(JSON.parse(message))
    })
    const { targetId } = await page.call('Target.createTarget', { url: 'about:blank' })
    const { sessionId } = await page.call('Target.attachToTarget', { targetId, flatten: true })
    page.#session = sessionId
    await page.call('Page.enable')
    return page
  }

  #take({ id, result, error, method }) {
    if (method === 'Page.loadEventFired') this.#loaded()
    const { resolve, reject } = this.#answers.get(id) ?? {}
    this.#answers.delete(id)
    if (error) reject?.(new Error(error.message))
    else resolve?.(result)
  }

  call(method, params = {}) {
    const id = ++this.#last
    this.#child.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId: this.#session })}\0`)
    return new Promise((resolve, reject) => this.#answers.set(id, { resolve, reject }))
  }

  async go(url) {
    const loaded = new Promise((resolve) => (this.#loaded = resolve))
    await this.call('Page.navigate', { url })
    await loaded
  }

  async evaluate(run, ...args) {
    const expression = `(${run})(...${JSON.stringify(args)})`
    const { result } = await this.call('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true })
    return result.value
  }

  async close() {
    await this.call('Browser.close')
  }
}

/** Runs in the page: what is wrong with it. */
async function faultsOf(least) {
  // The page is shown when its scripts have run.
  while (document.body.style.display === 'none') await new Promise((resolve) => setTimeout(resolve, 10))
  const faults = []
  const { scrollWidth } = document.documentElement
  if (scrollWidth > innerWidth) faults.push(`is ${scrollWidth} pixels wide`)

  const partsOf = (color) => color.match(/[\d.]+/g).map(Number)
  const luminance = (color) => {
    const [r, g, b] = partsOf(color).map((part) => {
      const share = part / 255
      return share <= 0.040_45 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const backgroundOf = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const { backgroundColor } = getComputedStyle(each)
      const [, , , alpha = 1] = partsOf(backgroundColor)
      if (alpha === 1) return backgroundColor
    }
    return 'rgb(255, 255, 255)'
  }
  const seen = new Set()
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (texts.nextNode()) {
    const { parentElement: element, data } = texts.currentNode
    if (data.trim() === '' || !element.checkVisibility() || element.closest('svg, script, style')) continue
    const { color } = getComputedStyle(element)
    const background = backgroundOf(element)
    const [dark, bright] = [luminance(color), luminance(background)].toSorted((a, b) => a - b)
    const contrast = (bright + 0.05) / (dark + 0.05)
    const fault = `${color} on ${background}: contrast ${contrast.toFixed(2)}, e.g. “${data.trim().slice(0, 40)}”`
    const kind = `${color} ${background}`
    if (contrast < least && !seen.has(kind)) faults.push(fault)
    seen.add(kind)
  }
  return faults
}

const asked = process.argv.slice(2)
const all = readdirSync(site, { recursive: true }).filter((name) => name.endsWith('.html'))
rmSync(pictures, { recursive: true, force: true })
mkdirSync(pictures, { recursive: true })
const page = await Page.open()
let faulty = 0
for (const scheme of SCHEMES) {
  await page.call('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] })
  for (const screen of SCREENS) {
    await page.call('Emulation.setDeviceMetricsOverride', { ...screen, deviceScaleFactor: 1, mobile: false })
    for (const name of asked.length > 0 ? asked : all) {
      await page.go(new URL(name, site).href)
      const faults = await page.evaluate(faultsOf, CONTRAST)
      for (const fault of faults) console.log(`${name}, ${scheme}, ${screen.width} pixels: ${fault}`)
      faulty += faults.length
      const { data } = await page.call('Page.captureScreenshot')
      const picture = `${name.replaceAll('/', '-').replace(/\.html$/, '')}-${scheme}-${screen.width}.png`
      writeFileSync(new URL(picture, pictures), data, 'base64')
    }
  }
}
await page.close()
console.log(`${faulty} faults; the pictures are in ${fileURLToPath(pictures)}`)
process.exitCode = faulty > 0 ? 1 : 0
