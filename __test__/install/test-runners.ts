// Jest by its defaults: each test file loads carom into a realm of its own, and all files share one binary.

import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { repository } from './packages.ts'
import { withoutRust } from './project.ts'
import { run, step } from './steps.ts'
import { tools } from './tools.ts'

const VERSIONS = ['29.7.0', '30.5.2']

export async function testWith(folder: string): Promise<void> {
  const tests = join(folder, 'jest')
  await cp(join(repository, '__test__/install/consumers/jest'), tests, { recursive: true })
  for (const version of VERSIONS) {
    const jest = await tools('jest', { jest: version })
    await step(`Jest ${version} runs two test files in one process, each with its own copy of the code`, async () => {
      const args = [join(jest, 'node_modules/jest/bin/jest.js'), '--runInBand', '--rootDir', tests, '--cache=false']
      const { stderr } = await run(tests, process.execPath, args, withoutRust())
      const told = /^Tests: +(\d+) passed, \1 total$/m.exec(stderr)
      if (!told || !/^Test Suites: 2 passed, 2 total$/m.test(stderr)) throw new Error(stderr)
    })
  }
}
