import { fork } from 'node:child_process'
import { on } from 'node:events'
import t, { type Test } from 'tap'
import type { Found } from '../fixtures/corpus/child.ts'
import { type Findings, NOTHING_WRONG, tableHead, tableRow } from '../fixtures/corpus/run.ts'
import { guard, refreshing, verification } from '../fixtures/corpus/doors.ts'
import { forkLean } from '../fixtures/servers/lean-children.ts'

forkLean()

const ALGORITHMS = ['HS256', 'RS256', 'ES256', 'EdDSA']
const rows: string[] = []

/**
 * In a process of its own, where no hooks of the test runner are on every promise. It tells of one
 * algorithm after the other.
 */
const messages = on(
  fork(new URL('../fixtures/corpus/child.ts', import.meta.url), ALGORITHMS),
  'message',
  { close: ['disconnect'] } as object
)

async function nextFound (): Promise<Found> {
  const { value, done } = await messages.next() as IteratorResult<[Found], undefined>
  if (done) throw new Error('The process has ended, and found nothing.')
  return value[0]
}

/** That nothing went wrong, and that there was something that could. */
function withstood (t: Test, { cases, ...wrong }: Findings, least: number, where: string): void {
  t.ok(cases >= least, `${where}: ${cases} cases`)
  t.strictSame(
    wrong,
    NOTHING_WRONG,
    `${where}: bad tokens are a 401 with a challenge, in time, and good ones pass`
  )
}

for (const algorithm of ALGORITHMS) {
  t.test(`${algorithm}: each door rejects hostile tokens and accepts odd good ones`, async t => {
    const found = await nextFound()
    withstood(t, found.atGuard, 1800, guard.name)
    withstood(t, found.atVerification, 1800, verification.name)
    withstood(t, found.atRefresh, 800, refreshing.name)
    t.strictSame(found.namesTwice, [], 'each case has a name of its own')
    t.strictSame(
      found.unfitPairs, [], 'a refresh of an odd good token gives a good pair'
    )
    t.strictSame(
      found.afterwards,
      [200, 200, 200, 200],
      'a good token is let in after all that, its scheme in any case'
    )
    t.equal(found.isAdmin, null, 'no object of the server was changed')
    t.strictSame(
      found.asked,
      { lure: 0, sockets: 0, requests: 0, fetches: 0 },
      'nothing was asked of anybody, and no socket was opened but those of the client'
    )
    const { faults, forged, misissued } = found.atPlain
    t.ok(
      faults.length > 0 && forged.length + misissued.length > 0,
      'the corpus bites: @fastify/jwt alone lets some in, and fails at some'
    )
    rows.push(
      tableRow(algorithm, 'fastify-simplejwt', found.atGuard),
      tableRow(algorithm, 'plain @fastify/jwt', found.atPlain)
    )
  })
}

t.test('the table has a row for each algorithm and server', async t => {
  for (const line of [`At ${guard.name}:`, tableHead, ...rows]) t.comment(line)
  t.equal(rows.length, 8)
})
