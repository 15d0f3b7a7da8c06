import { join } from 'node:path'
import { repository } from '../install/packages.ts'

/** The folder of the compiled files, apart from those for this machine. */
export const OUTPUT: string = join(repository, 'target/targets')
