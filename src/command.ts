#!/usr/bin/env node
/** The program `carom`: connections for a shell. */
import { run } from './command/run.js'

void run(process.argv.slice(2))
