import { lstatSync, mkdirSync } from 'node:fs'

import { os } from '../native/builtins.js'

/** Tells Node, since version 22.1, where to keep what it compiles. */
const VARIABLE = 'NODE_COMPILE_CACHE'

/**
 * The environment of a child that keeps what it compiles, so that the next one starts sooner; `undefined` where that can't be, or
 * is the caller's business. What is in a cache runs without being checked: so it is in a folder that only this user can enter.
 *
 * By its environment, since the child's first file is cached then, too.
 */
export function withCompileCache(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv | undefined {
  // With the second, V8 is to be seen compiling.
  if (env[VARIABLE] !== undefined || env['NODE_V8_COVERAGE']) return undefined
  try {
    const directory = `${os().tmpdir()}/carom-${process.getuid?.() ?? process.env['USERNAME']}`
    return isOwn(directory) ? { ...env, [VARIABLE]: directory } : undefined
  } catch {
    // A file system that is read-only, a permission that is missing: then without.
    return undefined
  }
}

/** Takes the variable away, in the child, where its parent has set it: programs that the child starts are not carom's. */
export function hideCompileCache(): void {
  delete process.env[VARIABLE]
}

function isOwn(directory: string): boolean {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const stats = lstatSync(directory)
  if (!process.getuid) return stats.isDirectory()
  return stats.isDirectory() && stats.uid === process.getuid() && (stats.mode & 0o077) === 0
}
