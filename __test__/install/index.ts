// Packs everything for this platform as a release does, installs it as a user would, and uses it:
//
//   npm run build && npm run test:install
//
// Nothing is published, and nothing outside of a temporary folder is changed.

import assert from 'node:assert/strict'
import { cp, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pack, repository, thisPlatform, type Packed } from './packages.ts'
import { bundleWith } from './bundlers.ts'
import { compileWith } from './compilers.ts'
import { install, installed, withoutRust, writeExample, type Manager } from './project.ts'
import { plugAndPlay, withoutOptional, withPermissions } from './restricted.ts'
import { run, step } from './steps.ts'
import { testWith } from './test-runners.ts'

/** The largest size of a binary, in bytes. */
const BINARY_LIMIT = 1024 * 1024

/** Scripts that a package manager runs when it installs a package. */
const INSTALL_SCRIPTS = ['preinstall', 'install', 'postinstall', 'prepare', 'preprepare', 'postprepare']

const consumers = fileURLToPath(new URL('consumers/', import.meta.url))
const tool = (name: string): string => join(repository, 'node_modules/.bin', name)

async function checkPackages(packed: Packed): Promise<void> {
  await step('the binary is within its limit', async () => {
    const { size } = await stat(packed.binary)
    assert(size <= BINARY_LIMIT, `${basename(packed.binary)} has ${size} bytes, the limit is ${BINARY_LIMIT}`)
  })
  await step('publint has nothing to say about the tarball', () =>
    run(repository, tool('publint'), ['--strict', packed.root]),
  )
  await step('arethetypeswrong finds the types right, for every resolution', () =>
    run(repository, tool('attw'), [packed.root, '--no-color']),
  )
}

async function useFrom(folder: string, manager: Manager, packed: Packed): Promise<void> {
  const env = withoutRust()
  const program = async (file: string): Promise<string> => {
    const { stdout, stderr } = await run(folder, process.execPath, [file], env)
    assert.equal(stderr, '')
    return stdout
  }
  await step(`${manager} installs it without a registry, a script or Rust`, () => install(folder, manager, packed))
  await step('installed are carom and the binary of this platform, and nothing that runs a script', async () => {
    const packages = await installed(folder)
    assert.deepEqual(packages.map(({ name }) => name).toSorted(), [packed.own, 'carom'])
    for (const { name, scripts = {}, dependencies = {} } of packages) {
      assert.deepEqual(dependencies, {}, name)
      for (const script of INSTALL_SCRIPTS) assert(!(script in scripts), `${name} has a script ${script}`)
    }
  })
  await cp(consumers, folder, { recursive: true })
  await step('an ES module imports it', async () => {
    assert.equal(await program('esm.mjs'), "{ by: 'import' }\n")
  })
  await step('a CommonJS program requires it', async () => {
    assert.equal(await program('common.cjs'), "{ by: 'require' }\n")
  })
  const bundle = (file: string, ...options: string[]): Promise<unknown> =>
    run(folder, tool('rolldown'), ['esm.mjs', '--platform', 'node', '--file', file, ...options], env)
  await step('a program runs that a bundler has packed without it', async () => {
    await bundle('without.mjs', '--external', 'carom')
    assert.equal(await program('without.mjs'), "{ by: 'import' }\n")
  })
  await step('a program runs that a bundler has packed with all of it but the binary', async () => {
    await bundle('with.mjs', '--external', packed.own)
    assert.equal(await program('with.mjs'), "{ by: 'import' }\n")
  })
  await step('a bundler that is to pack the binary too names it', async () => {
    await assert.rejects(bundle('all.mjs'), new RegExp(`${packed.own}/carom\\.${thisPlatform()}\\.node`))
  })
  await writeExample(folder, 'bundler')
  for (const [module, resolution] of [
    ['node16', 'node16'],
    ['esnext', 'bundler'],
  ] as const) {
    await step(`TypeScript compiles against it with moduleResolution ${resolution}`, async () => {
      const options = ['--module', module, '--moduleResolution', resolution, '--target', 'es2022', '--strict']
      const types = ['--lib', 'es2023,esnext.disposable', '--typeRoots', join(repository, 'node_modules/@types')]
      const out = join(folder, resolution)
      const args = [...options, ...types, '--types', 'node', '--outDir', out, 'typed.ts', 'example.ts']
      await run(folder, tool('tsc'), args, env)
      assert.equal(await program(join(out, 'typed.js')), "Map(1) { 'by' => 'TypeScript' }\ntrue\n")
    })
  }
  await step("the README's example of a parent and its worker runs", async () => {
    const example = join('bundler', 'example.js')
    const printed = (await program(example)).trim().split('\n').toSorted()
    assert.deepEqual(printed, ["Map(1) { 'red' => 1 }", "{ name: 'cue ball', position: [ 127, 64 ] }"])
  })
}

/** Removes the platform's package from a project in which carom worked. */
async function useWithoutBinary(folder: string, packed: Packed): Promise<void> {
  await rm(join(folder, 'node_modules', packed.own), { recursive: true })
  const failure = async (...args: string[]): Promise<string> => {
    const ending = run(folder, process.execPath, args, withoutRust())
    return ending.then(
      () => assert.fail('the program ran'),
      (error: Error) => error.message,
    )
  }
  const says = (text: string, ...parts: (string | RegExp)[]): void => {
    for (const part of parts) {
      if (typeof part === 'string') assert(text.includes(part), `lacks '${part}':\n${text}`)
      else assert.match(text, part)
    }
  }
  const supported = [...packed.platforms.keys()].map((name) => name.replace('@carom/binding-', ''))
  const howToBuild = [/code: 'ERR_CAROM_NO_BINDING'/, /build it from source.*CONTRIBUTING/]
  for (const file of ['esm.mjs', 'common.cjs']) {
    await step(`without the platform's package, ${file} gets an error that names it and the usual causes`, async () => {
      const causes = ['lock file', '--no-optional', 'bundler', '[cause]']
      says(await failure(file), packed.own, thisPlatform(), ...causes, ...supported, ...howToBuild)
    })
    await step(`on a platform without a package, ${file} gets an error that lists the platforms`, async () => {
      const text = await failure('--import=./riscv64-freebsd.mjs', file)
      says(text, 'carom has no binary for freebsd-riscv64', ...supported, ...howToBuild)
    })
  }
}

async function report(packed: Packed): Promise<void> {
  const own = packed.platforms.get(packed.own) ?? ''
  for (const file of [packed.binary, own, packed.root]) {
    const { size } = await stat(file)
    console.log(`  ${basename(file).padEnd(44)} ${(size / 1024).toFixed(0).padStart(6)} KiB`)
  }
}

const folder = await mkdtemp(join(tmpdir(), 'carom-install-'))
try {
  console.log('packages')
  const packed = await step('everything is packed as in a release', () => pack(folder))
  await checkPackages(packed)
  for (const manager of ['npm', 'pnpm'] as const) {
    console.log(`\n${manager}`)
    await useFrom(join(folder, manager), manager, packed)
  }
  console.log('\nNode with permissions')
  await withPermissions(join(folder, 'npm'))
  console.log("\nyarn, Plug'n'Play")
  await plugAndPlay(join(folder, 'yarn'), packed)
  console.log('\ncompilers')
  await compileWith(join(folder, 'npm'))
  console.log('\ntest runners')
  await testWith(join(folder, 'npm'))
  console.log('\nbundlers and tracers')
  await bundleWith(join(folder, 'npm'), packed)
  console.log('\nno binary')
  await withoutOptional(join(folder, 'omit'), packed)
  await useWithoutBinary(join(folder, 'npm'), packed)
  console.log('\nsizes')
  await report(packed)
} finally {
  await rm(folder, { recursive: true, force: true })
}
