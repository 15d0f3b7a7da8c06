import { join } from 'node:path'
import { repository } from '../install/packages.ts'

/** What is compiled goes here, apart from what is compiled for this machine. */
export const OUTPUT: string = join(repository, 'target/targets')
