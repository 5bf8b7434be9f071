import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { register } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isMainThread } from 'node:worker_threads'

/*
 * Strips the types of TypeScript, as Node 22.18 and later do. With tap's own loader each test would
 * load the compiler and compile the package again. The cache keeps stripped files.
 */
const kept = join(import.meta.dirname, '..', 'node_modules', '.cache', 'strip-types')

async function stripped (source) {
  const file = join(kept, createHash('sha1').update(source).digest('hex'))
  if (existsSync(file)) return readFileSync(file, 'utf8')
  const { transformSync } = await import('@swc/wasm-typescript')
  const { code } = transformSync(source, { mode: 'strip-only' })
  mkdirSync(kept, { recursive: true })
  writeFileSync(`${file}.${process.pid}`, code)
  renameSync(`${file}.${process.pid}`, file)
  return code
}

export async function load (url, context, next) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context)
  return {
    format: 'module',
    shortCircuit: true,
    source: await stripped(readFileSync(fileURLToPath(url), 'utf8'))
  }
}

if (isMainThread) {
  register(import.meta.url)
  // Node 20 can deadlock in register() while it loads other modules, so a suite registers its hook
  // here and not when it runs.
  if (/\/test\/suites\//.test(process.argv[1])) {
    register('./fixtures/suite/hooks.js', import.meta.url)
  }
}
