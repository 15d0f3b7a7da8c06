// All that only the start of a process takes: one file, which a program without a `Process` does not load.

export { launch } from './launch.js'
export { processSettings } from './options.js'
export { Served } from './served.js'
export { Startup } from './startup.js'
