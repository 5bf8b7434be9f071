import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Settings, fixed, table } from './harness.ts'
import { refresher } from './refresher.ts'
import type { Report } from './report.ts'
import { type Scope, rowsOf } from './scope.ts'
import { type Candidate, memory, postgres, redis, sqlite } from './stores.ts'

/** PostgreSQL does not wait for the disk here, which changes nothing in what the rows take. */
const candidates = (): Candidate[] => [
  memory, ...sqlite('NORMAL'), redis(), postgres({ synchronous_commit: 'off' })
]

/** Without `--count`: a million would take PostgreSQL five minutes, and Redis half as long. */
const FEWER = 200_000
const IN_PROCESS = 1_000_000
const USER = '1'
/** Milliseconds between signs of life. */
const NEWS = 5000
/** Calls that may fail and be sent again before it is given up. */
const MOST_FAILURES = 20

/** What a store holds after a session was refreshed a million times: as much as before. */
export default async function refreshes (
  t: Scope, { quick, count: asked }: Settings
): Promise<Report> {
  const most = asked ?? (quick ? 1000 : IN_PROCESS)
  const fewer = Math.min(most, asked ?? FEWER)
  const text = `What a store holds before and after ${fixed(most)} refreshes of one session (Redis and PostgreSQL: ${fixed(fewer)}, so that the run does not take ten minutes more; \`--count ${IN_PROCESS}\` gives all of them as many), one after the other. Before is after the first. Memory: heap in use; SQLite: the file, after a checkpoint; Redis: used_memory; PostgreSQL: tables and indexes, after a plain VACUUM, with synchronous_commit off for the sake of time.\n\n`
  const grown: string[] = []
  let measured = 0
  const rows = await rowsOf(t, candidates(), async (t, { name, open }) => {
    const { store, holds } = await open(t)
    const count = /^(Redis|PostgreSQL)/.test(name) ? fewer : most
    const refresh = await refresher(store, USER)
    await refresh()
    const before = await holds(USER)
    const seconds = await repeat(name, refresh, count)
    const after = await holds(USER)
    if (after.rows !== before.rows) grown.push(name)
    measured++
    return [
      [
        fixed(count), fixed(before.rows), fixed(after.rows), size(before.bytes), size(after.bytes),
        `${fixed(seconds)} s`
      ]
    ]
  })
  return {
    text:
      text +
      table(HEADS, rows),
    figures: [{
      what: `rows that up to ${fixed(most)} refreshes of one session add to the one that it has`,
      bound: 'none',
      measured:
        measured === 0
          ? 'not measured'
          : grown.length === 0
            ? 'none'
            : `some: ${grown.join(', ')}`,
      isReached: measured > 0 && grown.length === 0
    }]
  }
}

const HEADS = [
  'store', 'refreshes', 'rows or keys before', 'after', 'size before', 'size after', 'took'
]

/** Seconds that it took. */
async function repeat (name: string, refresh: () => Promise<void>, count: number): Promise<number> {
  const begun = performance.now()
  const seconds = (): number => (performance.now() - begun) / 1000
  let failures = 0
  for (let done = 0, told = begun; done < count;) {
    try {
      await refresh()
      done++
    } catch (error) {
      if (++failures > MOST_FAILURES) throw error
      console.error(`refreshes: ${name}: ${(error as Error).message} Sent again.`)
    }
    // A store that never waits would let no signal in.
    if (done % 1000 === 0) await nextTurn()
    if (performance.now() - told < NEWS) continue
    told = performance.now()
    console.error(
      `refreshes: ${name}: ${fixed(done)} of ${fixed(count)}, ${fixed(done / seconds())}/s`
    )
  }
  return seconds()
}

const size = (bytes: number): string => `${fixed(bytes / 1024)} KiB`
