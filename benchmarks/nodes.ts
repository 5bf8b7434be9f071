import { execFileSync } from 'node:child_process'

/** A Node.js that servers run under. */
export interface NodeBinary {
  path: string
  version: string
  /** For a figure. Absent for the Node.js that runs the benchmarks. */
  node?: string
}

/** Returns the running Node.js, and the other one if there is a path. */
export function nodeBinaries (other: string | undefined): NodeBinary[] {
  const running = { path: process.execPath, version: process.version }
  if (other === undefined) return [running]
  const version = versionOf(other)
  return [running, { path: other, version, node: version }]
}

/** @throws Error if it is not a Node.js */
function versionOf (path: string): string {
  try {
    const said = execFileSync(path, ['--version'], { encoding: 'utf8' }).trim()
    if (/^v\d/.test(said)) return said
  } catch {}
  throw new Error('--node must be the path of a Node.js.')
}
