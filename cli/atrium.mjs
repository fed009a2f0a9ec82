#!/usr/bin/env node
// Runs the command on the Node that the project brings, whatever the machine has.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const own = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url))
const command = fileURLToPath(new URL('./atrium.ts', import.meta.url))
const node = existsSync(own) ? own : process.execPath
const { status, signal } = spawnSync(node, [command, ...process.argv.slice(2)], { stdio: 'inherit' })
process.exitCode = status ?? (signal === 'SIGINT' ? 130 : 1)
