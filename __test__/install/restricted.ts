// Installations and processes that leave something out: yarn's Plug'n'Play, optional dependencies, permissions.

import assert from 'node:assert/strict'
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { type Packed, repository, thisPlatform } from './packages.ts'
import { withoutRust } from './project.ts'
import { run, step } from './steps.ts'
import { tools } from './tools.ts'

const consumers = join(repository, '__test__/install/consumers')

export async function plugAndPlay(folder: string, packed: Packed): Promise<void> {
  const yarn = join(
    await tools('yarn', { '@yarnpkg/cli-dist': '4.18.1' }),
    'node_modules/@yarnpkg/cli-dist/bin/yarn.js',
  )
  await mkdir(folder, { recursive: true })
  const tarball = (path: string): string => `file:./${relative(folder, path)}`
  const resolutions = Object.fromEntries([...packed.platforms].map(([name, path]) => [name, tarball(path)]))
  const manifest = { name: 'project', private: true, dependencies: { carom: tarball(packed.root) }, resolutions }
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest))
  // In CI, yarn would make no lock file.
  const settings = [
    'nodeLinker: pnp',
    'enableImmutableInstalls: false',
    'enableNetwork: false',
    'enableTelemetry: false',
    'globalFolder: ./.global',
    '',
  ]
  await writeFile(join(folder, '.yarnrc.yml'), settings.join('\n'))
  await writeFile(join(folder, 'yarn.lock'), '')
  await cp(consumers, folder, { recursive: true })
  const env = withoutRust()
  const yarnRun = (...args: string[]) => run(folder, process.execPath, [yarn, ...args], env)
  await step("yarn installs it as Plug'n'Play", () => yarnRun('install'))
  for (const [file, printed] of [
    ['common.cjs', "{ by: 'require' }\n"],
    ['esm.mjs', "{ by: 'import' }\n"],
    ['process.mjs', "{ by: 'Process' }\n"],
  ] as const) {
    await step(`${file} runs with it`, async () => {
      assert.equal((await yarnRun('node', '--no-warnings', file)).stdout, printed)
    })
  }
}

/** `folder` has carom and its binary. */
export async function withPermissions(folder: string): Promise<void> {
  const flag = Number(process.versions.node.split('.')[0]) >= 23 ? '--permission' : '--experimental-permission'
  const read = `--allow-fs-read=${folder}/*`
  // Before there was a flag for them, binaries could not be allowed beside permissions.
  const addons = process.allowedNodeEnvironmentFlags.has('--allow-addons') ? ['--allow-addons'] : []
  const node = (...args: string[]) =>
    run(folder, process.execPath, [flag, read, '--no-warnings', ...args], withoutRust())
  await step('with --permission, a program that may load addons uses it', async () => {
    assert.equal((await node(...addons, 'common.cjs')).stdout, "{ by: 'require' }\n")
    assert.equal((await node(...addons, 'esm.mjs')).stdout, "{ by: 'import' }\n")
  })
  await step('with --permission, Process tells a program that it may not start one', async () => {
    await assert.rejects(node(...addons, 'process.mjs'), /StartError[^]*--allow-child-process/)
  })
  if (addons.length === 0) return
  await step('with --permission, the error for a missing --allow-addons names it', async () => {
    await assert.rejects(node('common.cjs'), /carom's binary can't be loaded[^]*add --allow-addons/)
  })
}

export async function withoutOptional(folder: string, packed: Packed): Promise<void> {
  await mkdir(folder, { recursive: true })
  const overrides = Object.fromEntries([...packed.platforms].map(([name, path]) => [name, `file:${path}`]))
  const manifest = { name: 'project', private: true, dependencies: { carom: `file:${packed.root}` }, overrides }
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest))
  await cp(consumers, folder, { recursive: true })
  await step('npm installs it with --omit=optional', () =>
    run(folder, 'npm', ['install', '--offline', '--omit=optional', '--no-audit', '--no-fund'], withoutRust()),
  )
  await step('the error says that the binary is missing, and how it was left out', async () => {
    const told = new RegExp(`@carom/binding-${thisPlatform()}[^]*--omit=optional[^]*ERR_CAROM_NO_BINDING`)
    await assert.rejects(run(folder, process.execPath, ['common.cjs'], withoutRust()), told)
  })
}
