import { caughtByOne } from './caught-by.ts'
import type { Mutation } from './list.ts'

const ofStores = caughtByOne({ name: 'stores', source: 'plugin/stores', tests: 'test/stores' })
const ofSessions =
  caughtByOne({ name: 'sessions', source: 'plugin/sessions', tests: 'test/sessions' })

const ofServices =
  caughtByOne({ name: 'stores', source: 'plugin/stores', tests: 'test/services' })

/** Checks of work with hundreds of thousands of sessions. */
export const scaleMutations: Mutation[] = [
  ...ofStores(
    'in-slices.ts', 'in-slices.ts',
    ['a turn runs one slice', 'count < SLICE', 'count < Infinity'],
    ['a further slice takes a turn', 'do await nextTurn()', 'do await null'],
    ['no slice runs after the stop', '!isStopped() && runSlice()', 'runSlice()']
  ),
  ...ofStores(
    'sharded-map.ts', 'sharded-map.ts',
    ['a big map is many small ones', 'export const SHARDS = 64', 'export const SHARDS = 1'],
    ['texts spread over the shards', 'charCodeAt(index), 0x01000193', 'charCodeAt(index), 1'],
    ['any character has a shard', '(length - 1))) & (SHARDS - 1)', '(length - 1)))']
  ),
  ...ofStores(
    'memory.ts', 'memory.ts',
    ['a sweep minds what was refreshed meanwhile', 'if (!isOver(session, before)) return', ''],
    ['a row keeps the time of the refresh', 'row.rotatedAfter = now - next.issuedAt', ''],
    ['revokedSince leaves out what is older', 'if (revokedAt < time) return', '']
  ),
  ...ofStores(
    'redis/buckets.ts', 'redis/buckets.ts',
    ['the masters of a Cluster have equal shares', "'1768'", "'0'"],
    ['one server keeps its keys', '? TAGS : CLUSTER_TAGS', '? CLUSTER_TAGS : CLUSTER_TAGS'],
    ['a Cluster has separate tags', '? TAGS : CLUSTER_TAGS', '? TAGS : TAGS']
  ),
  ...ofSessions(
    'revocation.ts', 'revocation-at-scale.ts',
    ['two prunes do the work of one', 'pruning ??= inSlices', 'pruning = inSlices'],
    ['a prune may follow another', '?.finally(() => { pruning = undefined })', ''],
    ['a prune ends with the app', '}, isStopped)?.finally', '})?.finally'],
    ['a prune keeps what must be refused', 'if (until < at) keepUntil', 'keepUntil'],
    [
      'onEnded is called in slices',
      'return inSlices(revoked, ({ sid }) => ended?.notice(sid), isStopped)',
      'return revoked.forEach(({ sid }) => ended?.notice(sid))'
    ]
  ),
  ...ofSessions(
    'ended-sessions.ts', 'ended-sessions.ts',
    ['two reads are taken one after the other', 'last.then(() => take(...all))', 'take(...all)'],
    ['a read that failed stops no other', 'taken.catch(() => {})', 'taken'],
    ['a session on the list is not forgotten', ' && !kept.has(sid)', ''],
    [
      'a session that ends meanwhile is not forgotten', 'known.set(sid, calls)\n    if',
      'known.set(sid, 0)\n    if'
    ]
  ),
  ...ofServices(
    'sql/sweep-postgres.ts', 'postgres/sweep.ts',
    ['each statement of a sweep reads its own pages', ' AND ctid < CAST(:upTo AS tid)', ''],
    ['a sweep reads the whole table', 'page += PAGES', 'page += 2 * PAGES']
  )
]
