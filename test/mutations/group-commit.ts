import { caughtByOne } from './caught-by.ts'
import type { Mutation } from './list.ts'

const of = caughtByOne({ name: 'SQLite group', source: 'plugin/stores', tests: 'test/stores' })

/** Checks of the transactions that several calls share. */
export const groupCommitMutations: Mutation[] = [
  ...of(
    'sql/group-commit.ts', 'sql/group-commit.ts',
    ['calls of one turn share a commit', 'await afterPoll()', ''],
    ['a call alone needs no transaction', 'group.length === 1 ?', 'group.length === 0 ?'],
    ['a failed call fails alone', 'if (!isOfOneCall(error as SqliteError)) throw', 'throw'],
    [
      'an error of the file fails all',
      'if (!isOfOneCall(error as SqliteError)) throw error', ''
    ],
    [
      'a commit that fails fails all',
      '    const outcomes = group.map(outcomeOf)\n',
      '    const outcomes = group.map(waiting => {\n      const outcome = outcomeOf(waiting)\n' +
        "      if ('value' in outcome) waiting.resolve(outcome.value as never)\n" +
        '      return outcome\n    })\n'
    ],
    ['nothing of a failed group stays', '    rollBack(exec)\n    throw error', '    throw error'],
    ['a failed group is reported as it failed', '  } catch {}', '  } finally {}'],
    ['a group is bounded', 'MAX_GROUP = 256', 'MAX_GROUP = 25_600'],
    ['a backlog does not wait group by group', 'newest.arrivedAt + LOCK_TIMEOUT_MS', 'undefined'],
    ['fake timers stop nothing', 'const { setImmediate } = globalThis', '']
  ),
  ...of(
    'sql/group-commit.ts', 'sqlite-kills.ts',
    [
      'no promise settles before the commit',
      "    exec('COMMIT')\n",
      "    setImmediate(() => { exec('COMMIT') })\n"
    ]
  ),
  ...of(
    'sqlite.ts', 'sqlite-locks.ts',
    ['a late call of a group has no effect', 'checkDeadline(deadline)\n    const [changed]',
      'const [changed]']
  )
]
