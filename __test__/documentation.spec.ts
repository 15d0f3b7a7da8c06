// The documentation's promises about the repository: the tests, files, links and commands that it names are there.

import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'

const root = fileURLToPath(new URL('../', import.meta.url))
const inRoot = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'RELEASING.md', 'SECURITY.md']
const guides = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'))
const pages = [...inRoot, ...guides.map((name) => `docs/${name}`), 'bench/README.md']

const read = (page: string) => readFileSync(join(root, page), 'utf8')

/** A page without its blocks of code, in which brackets and backticks mean something else. */
const prose = (page: string) => read(page).replaceAll(/^```.*?^```$/gms, '')

/** The anchors of a page's headings, as GitHub makes them. */
function anchors(page: string): Set<string> {
  const headings = [...prose(page).matchAll(/^#+ (.+)$/gm)]
  return new Set(
    headings.map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}

/** The links of a page that lead into the repository: `[page, anchor]`. */
function links(page: string): [string, string | undefined][] {
  const targets = [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
  const repository = 'https://github.com/carom-ipc/carom/tree/main/'
  return targets.flatMap((target): [string, string | undefined][] => {
    if (target.startsWith(repository)) return [[target.slice(repository.length), undefined]]
    if (/^\w+:/.test(target)) return []
    const [file, anchor] = target.split('#')
    return [[file ? join(dirname(page), file) : page, anchor]]
  })
}

for (const page of pages) {
  test(`${page}: every link leads to a file, and to a heading of it`, (t) => {
    const broken = links(page).filter(([file, anchor]) => {
      return !existsSync(join(root, file)) || (anchor !== undefined && !anchors(file).has(anchor))
    })
    t.deepEqual(broken, [])
  })
}

test('every test that docs/guarantees.md names is there, and every promise names one', (t) => {
  const text = prose('docs/guarantees.md')
  const specs = [...text.matchAll(/`([\w./-]+\.spec\.ts|(?:__test__|fuzz|crates)\/[\w./-]*)`/g)]
  for (const [, name = ''] of specs) {
    t.true(existsSync(join(root, name.includes('/') ? name : `__test__/${name}`)), name)
  }
  const table = text.slice(text.indexOf('## What is promised'), text.indexOf('## When a resolved'))
  const rows = table.split('\n').filter((line) => line.startsWith('| ') && !/^\| (promise|-)/.test(line))
  t.true(rows.length > 5)
  for (const row of rows) t.regex(row.split('|').at(-2) ?? '', /\.spec\.ts|tests\/|fuzz\/|every spec/, row)
})

test('every file that the pages for contributors name is there', (t) => {
  const missing: string[] = []
  for (const page of ['SECURITY.md', 'CONTRIBUTING.md', 'docs/architecture.md']) {
    // A path is from the root, or shortened by the folder of the layer that the text is about.
    for (const [, name = ''] of prose(page).matchAll(/`([\w.-]+\/[\w./{},-]*)`/g)) {
      // The tests and the build make these folders.
      if (/^(node_modules|build|dist)\//.test(name)) continue
      // `src/api/{connection,listener}.ts` names two files.
      const [, before = name, choices = '', after = ''] = /^(.*)\{(.*)\}(.*)$/.exec(name) ?? []
      for (const choice of choices.split(',')) {
        const found = ['', 'src', 'crates'].some((folder) => existsSync(join(root, folder, before + choice + after)))
        if (!found) missing.push(`${page} names ${name}`)
      }
    }
  }
  t.deepEqual(missing, [])
})

test('every npm script that the documentation names is in package.json', (t) => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  for (const page of pages) {
    for (const [, name = ''] of read(page).matchAll(/\bnpm run ([\w:]+)/g)) {
      t.true(name in scripts, `${page} names npm run ${name}`)
    }
  }
})

test('the README leads to every guide', (t) => {
  const linked = new Set(links('README.md').map(([file]) => file))
  for (const guide of guides) t.true(linked.has(`docs/${guide}`), guide)
})

test('the site has a place for every guide', (t) => {
  const plugin = read('docs/site/guides.mjs')
  for (const guide of guides) t.true(plugin.includes(`'${guide.replace('.md', '')}'`), guide)
})

test('RELEASING.md counts the packages that a release has', (t) => {
  const numbers = ['six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve', 'thirteen']
  const platforms = readdirSync(join(root, 'npm')).length
  const text = read('RELEASING.md')
  t.true(text.includes(`the ${numbers[platforms - 6]} \`@carom/binding-…\``))
  t.true(text.includes(`\`tarballs\`: ${numbers[platforms - 5]} packages`))
})
