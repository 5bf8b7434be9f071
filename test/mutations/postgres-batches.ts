/* eslint no-template-curly-in-string: off -- the texts are pieces of source. */
import { caughtByOne } from './caught-by.ts'

const of = caughtByOne({ name: 'PostgreSQL batch', source: 'plugin/stores/sql', tests: 'test' })

/** Checks of the rotations that go together in PostgreSQL. */
export const postgresBatchMutations = [
  ...of(
    'rotation-batches.ts', 'stores/sql/rotation-batches.ts',
    [
      'rotations go in the order of sid',
      'batch.sort((a, b) => a.rotation.sid < b.rotation.sid ? -1 : 1)', 'batch'
    ],
    ['a batch has a limit', '.slice(0, BATCH_SIZE)', ''],
    ['a statement takes what its answers bring', 'await nextTurn()', ''],
    [
      'a silent statement delays the others only for a time', 'setTimeout(resolve, PATIENCE_MS)',
      'setTimeout(() => {}, PATIENCE_MS)'
    ]
  ),
  ...of(
    'rotation-batches.ts', 'services/postgres/batches.ts',
    [
      'a session is in a batch once', 'if (others.length > 0) waiting.set(sid, others)',
      'batch.push(...others)'
    ],
    ['a lone rotation keeps its statement', 'batch.length === 1', 'false']
  ),
  ...of(
    'rotate-together.ts', 'services/postgres/batch-locks.ts',
    ['a locked row delays no other', ' SKIP LOCKED', ''],
    ['a revoked session does not rotate', ' FOR NO KEY UPDATE SKIP LOCKED', ''],
    ['a rotation with little time left goes alone', ' - ${MARGIN_MS}', ''],
    ['a late rotation changes nothing', "${unlessLate('min(of_deadline)')}", '1'],
    [
      'a slow row makes the rows before it late',
      "(SELECT ${unlessLate('min(of_deadline)')} FROM changed)", "${unlessLate('of_deadline')}"
    ],
    ['an index finds the rows', ' LIMIT CAST(:most AS integer)', '']
  ),
  ...of(
    'rotate-together.ts', 'services/postgres/batches.ts',
    ['a row that is refused fails alone', 'if (isRolledBack(error)) return []', ''],
    [
      'a batch that may take effect is not sent again',
      "if (severity === undefined || severity === 'FATAL' || severity === 'PANIC') return false",
      ''
    ],
    [
      'a translated error of a lost connection is one',
      "return !/^(08|57P|40003)/.test(codeOf(error) ?? '')", 'return true'
    ]
  )
]
