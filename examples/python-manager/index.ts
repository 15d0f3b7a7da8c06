// A Python program with a Manager() hands its dict and its queue to a Node process, and calls an object that lives in Node.
//
// Run it: node --import @oxc-node/core/register examples/python-manager/index.ts

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const node = [process.execPath, ...process.execArgv, file('worker.ts')]
const python = spawn(process.env['PYTHON'] ?? 'python3', [file('main.py'), ...node], { stdio: 'inherit' })
;[process.exitCode] = (await once(python, 'close')) as [number]
