/** The program that a `Process` starts. What it does is loaded by way of the compile cache, which has to be on before. */
import { useCompileCache } from './compile-cache.js'

useCompileCache()
// oxlint-disable-next-line import/no-unassigned-import -- it must not be loaded before
require('./child.js')
