// Bundlers, which pack all of carom but the binary, and a tracer, which lists the files that a program needs.

import assert from 'node:assert/strict'
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { thisPlatform, type Packed } from './packages.ts'
import { withoutRust } from './project.ts'
import { run, step } from './steps.ts'
import { tools } from './tools.ts'

const VERSIONS = {
  '@rollup/plugin-commonjs': '29.0.3',
  '@rollup/plugin-node-resolve': '16.0.3',
  '@vercel/nft': '1.11.5',
  esbuild: '0.28.2',
  rollup: '4.68.8',
  webpack: '5.113.0',
}

/** Packs `input` into `file`, an ES module or a CommonJS one, and leaves `binary` out, where there is one to leave out. */
const PACKERS: Record<string, string> = {
  esbuild: `
    const { build } = require('esbuild')
    const external = binary ? [binary] : []
    build({ entryPoints: [input], outfile: file, bundle: true, platform: 'node', format, external, logLevel: 'error' })
      .catch(() => process.exit(1))`,
  rollup: `
    const { rollup } = require('rollup')
    const { default: resolve } = require('@rollup/plugin-node-resolve')
    const { default: commonjs } = require('@rollup/plugin-commonjs')
    const plugins = [resolve({ preferBuiltins: true }), commonjs(binary ? {} : { ignoreTryCatch: false })]
    const external = binary ? [binary] : []
    const onwarn = () => {}
    rollup({ input, plugins, external, onwarn })
      .then((bundle) => bundle.write({ file, format }))`,
  webpack: `
    const { basename, dirname } = require('node:path')
    const webpack = require('webpack')
    const esm = format === 'esm'
    webpack({
      mode: 'none', target: 'node', entry: input, context: process.cwd(), experiments: { outputModule: esm },
      externals: binary ? { [binary]: (esm ? 'node-commonjs ' : 'commonjs ') + binary } : {},
      output: {
        path: dirname(file), filename: basename(file), module: esm,
        library: { type: esm ? 'module' : 'commonjs2' }, chunkFormat: esm ? 'module' : 'commonjs',
      },
    }, (error, stats) => {
      if (error || stats.hasErrors()) {
        console.error(String(error ?? stats.toString({ all: false, errors: true })))
        process.exit(1)
      }
    })`,
}

export async function bundleWith(folder: string, packed: Packed): Promise<void> {
  const installed = await tools('bundlers', VERSIONS)
  await writeFile(join(folder, 'packable.mjs'), PROGRAM)
  for (const [name, packer] of Object.entries(PACKERS)) {
    const pack = async (format: 'esm' | 'cjs', binary: string): Promise<string> => {
      const file = join(folder, `${name}.${format === 'esm' ? 'mjs' : 'cjs'}`)
      const values = { input: join(folder, 'packable.mjs'), file, format, binary }
      const names = Object.entries(values).map(([key, value]) => `const ${key} = ${JSON.stringify(value)}\n`)
      const script = join(installed, `${name}-${format}.cjs`)
      await writeFile(script, names.join('') + packer)
      await run(folder, process.execPath, [script], withoutRust())
      return file
    }
    for (const format of ['esm', 'cjs'] as const) {
      await step(`${name} packs all but the binary into ${format}, and the program runs`, async () => {
        const { stdout, stderr } = await run(folder, process.execPath, [await pack(format, packed.own)], withoutRust())
        assert.equal(stderr, '')
        assert.deepEqual(stdout.trim().split('\n'), ['packed', PACKED_PROCESS])
      })
    }
    await step(`${name} names the binary where it is to pack that too`, async () => {
      await assert.rejects(pack('cjs', ''), new RegExp(`carom\\.${thisPlatform()}\\.node`))
    })
  }
  await trace(folder, join(installed, 'node_modules/@vercel/nft/out/index.js'))
}

/** Says what becomes of a `Process`, whose program a bundle doesn't have. */
const PACKED_PROCESS = 'ERR_CAROM_START bootstrap.cjs external'
const PROGRAM = `
import { pipe, Process } from 'carom'
import { pickle } from 'carom/python'

async function main() {
  for (const codec of [undefined, 'msgpack', 'pickle', pickle()]) {
    const [a, b] = pipe({ codec })
    await a.send(['packed'])
    const [text] = await b.recv()
    if (text !== 'packed') throw new Error(text)
    await Promise.all([a.close(), b.close()])
  }
  console.log('packed')
  const error = await new Process('/any/module.js').start().catch((reason) => reason)
  console.log([error.code, ...['bootstrap.cjs', 'external'].filter((word) => error.message.includes(word))].join(' '))
}
void main()
`

async function trace(folder: string, nft: string): Promise<void> {
  const traced = join(folder, '../traced')
  await step('the files that @vercel/nft lists are enough: their folder runs by itself', async () => {
    const script = `
      const { nodeFileTrace } = require(${JSON.stringify(nft)})
      nodeFileTrace(['process.mjs', 'worker.mjs'], { base: '.' }).then(({ fileList }) => console.log(JSON.stringify([...fileList])))`
    const { stdout } = await run(folder, process.execPath, ['--eval', script], withoutRust())
    const files = JSON.parse(stdout) as string[]
    for (const file of files) {
      await mkdir(dirname(join(traced, file)), { recursive: true })
      await cp(join(folder, file), join(traced, file), { dereference: true })
    }
    const output = await run(traced, process.execPath, ['process.mjs'], withoutRust())
    assert.equal(output.stdout, "{ by: 'Process' }\n")
  })
}
