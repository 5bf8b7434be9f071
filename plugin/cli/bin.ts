#!/usr/bin/env node
import { cli } from './cli.ts'

const { stdout, stderr } = cli(process.argv.slice(2))
if (stdout !== undefined) console.log(stdout)
if (stderr !== undefined) {
  console.error(stderr)
  process.exitCode = 1
}
