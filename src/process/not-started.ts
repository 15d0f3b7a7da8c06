import { accessSync, constants, statSync } from 'node:fs'

/** A program that was to be started. */
interface Attempt {
  command: string
  cwd: string | URL | undefined
}

/** Whether `error` is the system's, of starting a program; not a wrong argument, say. */
export function isSystemFailure(error: unknown): error is NodeJS.ErrnoException {
  // Node's own errors are of another realm than carom's code in the tests of Jest.
  return typeof (error as Partial<NodeJS.ErrnoException> | undefined)?.errno === 'number'
}

/**
 * Has `error`, which Node gives where a program can't be started, say what is wrong. Of a working directory that is missing
 * the kernel says the same as of a program that is, and Node names the program.
 */
export function explain(error: NodeJS.ErrnoException, { command, cwd }: Attempt): NodeJS.ErrnoException {
  const { code = '' } = error
  const directory = cwd === undefined ? undefined : wrongDirectory(cwd, code)
  if (directory !== undefined) {
    error.message = `${command}: the working directory ${String(cwd)} ${directory} (${code})`
    error.path = String(cwd)
  } else if (code in REASONS) {
    error.message = `${command}: ${REASONS[code]} (${code})`
  }
  return error
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such program, or the interpreter that its first line names is missing',
  EACCES: 'it is not executable, or its folder may not be entered',
  EPERM: 'this process may not start it so: another uid or gid wants privileges',
  EMFILE: 'this process has no descriptor left: close some, or raise its limit (ulimit -n)',
  ENFILE: 'the system has no descriptor left',
  EAGAIN: 'this user may have no more processes (ulimit -u)',
  ENOMEM: 'there is not enough memory',
  E2BIG: 'its arguments and environment are too long',
  ENOEXEC: 'it is no program that this system can run',
}

/** The fault of the working directory, if that is why `code` came. */
function wrongDirectory(cwd: string | URL, code: string): string | undefined {
  try {
    if (!statSync(cwd).isDirectory()) return code === 'ENOTDIR' ? 'is no directory' : undefined
    accessSync(cwd, constants.X_OK)
    return undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== code) return undefined
    return code === 'ENOENT' ? 'does not exist' : 'can’t be entered'
  }
}
