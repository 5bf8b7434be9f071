import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from '../test/fixtures/servers/home.ts'

/** Ends what was started in it, the latest first; to the fixtures it is a test. */
export interface Scope extends Test {
  /** A new folder, removed at the end. */
  testdir(): string
  end(): Promise<void>
}

/** A scope for the whole run, whose owner calls `end()`. */
export function createScope (): Scope {
  const ends: (() => unknown)[] = []
  const after = (end: () => unknown): void => { ends.push(end) }
  return {
    after,
    testdir () {
      const folder = mkdtempSync(join(tmpdir(), 'simplejwt-bench-'))
      after(() => rmSync(folder, { recursive: true, force: true }))
      return folder
    },
    async end () {
      for (let end = ends.pop(); end !== undefined; end = ends.pop()) {
        try {
          await end()
        } catch (error) {
          console.error(error) // and the others end none the less
        }
      }
    }
  }
}

/**
 * Runs a part of a benchmark whose servers and folders end with it, so that the next has the
 * machine to itself.
 */
export async function scoped<T> (t: Scope, work: (t: Scope) => Promise<T>): Promise<T> {
  const inner = createScope()
  t.after(inner.end)
  try {
    return await work(inner)
  } finally {
    await inner.end()
  }
}

/** A store that is measured, or why it cannot be here. */
export interface Subject { name: string, skip: string | false }

/**
 * The rows of a table, by measuring one store after the other: those that are not here and those
 * that fail have a row that says so, and the name of the store before all others.
 */
export async function rowsOf<Item extends Subject> (
  t: Scope, items: Item[], measure: (t: Scope, item: Item) => Promise<string[][]>
): Promise<string[][]> {
  const rows: string[][] = []
  for (const item of items) {
    try {
      const measured = item.skip
        ? [[`SKIPPED: ${item.skip}`]]
        : await scoped(t, t => measure(t, item))
      rows.push(...measured.map(cells => [item.name, ...cells]))
    } catch (error) {
      console.error(`${item.name} failed:`, error)
      rows.push([item.name, `FAILED: ${(error as Error).message}`])
      process.exitCode = 1
    }
  }
  return rows
}
