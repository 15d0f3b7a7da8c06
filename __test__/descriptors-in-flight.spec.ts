// The kernel limits how many descriptors of a user's may be on their way: to as many as a process may have open.

import { accessSync, constants } from 'node:fs'
import { execFileSync } from 'node:child_process'
import test from 'ava'
import { fixture } from './children.ts'

/** A command that runs `args` as a user with a small limit; `undefined` where no user is limited. */
function limited(args: readonly string[]): [string, string[]] | undefined {
  const script = 'ulimit -n 100; exec "$0" "$@"'
  if (process.getuid?.() !== 0) return ['sh', ['-c', script, ...args]]
  try {
    accessSync('/usr/bin/setpriv', constants.X_OK)
    const as = ['--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all', '--']
    execFileSync('setpriv', [...as, process.execPath, '--check', fixture('descriptors-in-flight.mjs')], {
      stdio: 'ignore',
    })
    return ['setpriv', [...as, 'sh', '-c', script, ...args]]
  } catch {
    return undefined
  }
}

for (const sync of [false, true]) {
  test(`descriptors leave, in order, when others on their way have been received (${sync ? 'blocking' : 'asynchronous'})`, (t) => {
    const command =
      process.platform === 'linux' && limited([process.execPath, fixture('descriptors-in-flight.mjs'), String(sync)])
    const arrived = command ? execFileSync(command[0], command[1], { encoding: 'utf8' }) : undefined
    // Where no user is limited, there is nothing to see.
    t.is(arrived ?? 'all of them arrived\n', 'all of them arrived\n')
  })
}
