import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { register } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isMainThread } from 'node:worker_threads'

/*
 * Tests run as Node 22.18 and later would run them: TypeScript without its types, each line where
 * it was. tap would have each test load the compiler and compile the package anew, which takes
 * longer than most of the tests. What was stripped once is kept.
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

if (isMainThread) register(import.meta.url)
