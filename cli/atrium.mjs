#!/usr/bin/env node
// Runs the command on the Node that the project brings, whatever the machine has.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const own = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url))
const command = fileURLToPath(new URL('./atrium.ts', import.meta.url))
const node = existsSync(own) ? own : process.execPath
// What Node has compiled it reads here the next time: 0.2 s in the place of 0.4 (measured).
const cache = fileURLToPath(new URL('../node_modules/.cache/atrium', import.meta.url))
const env = { NODE_COMPILE_CACHE: cache, ...process.env }
const { status, signal } = spawnSync(node, [command, ...process.argv.slice(2)], { stdio: 'inherit', env })
process.exitCode = status ?? (signal === 'SIGINT' ? 130 : 1)
