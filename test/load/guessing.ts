import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { openStore } from '../../example/store.ts'
import { memoryStore } from '../../plugin/stores/memory.ts'
import type { SessionStore } from '../../plugin/stores/store.ts'
import { DAY, MINUTE, START, createClock } from '../fixtures/app.ts'
import {
  HIS_OWN, type Login, type Setup, type Target, createTarget, guess
} from '../fixtures/clients/guesser.ts'
import { postAtOnce } from '../fixtures/clients/last-byte.ts'
import {
  byForwardedFor, byUserName, byWholeAddress, countsAfterTheCheck, noLimit
} from '../fixtures/naive/limits.ts'
import { countingStore } from '../fixtures/stores/counting-store.ts'
import { sharedSqlite } from '../fixtures/stores/shared-sqlite.ts'

/**
 * The limits: tries that one minute allows, and what the growing windows of an account come to in
 * an hour and in a day.
 */
const PER_ADDRESS = 30
const PER_ACCOUNT = 5
const IN_AN_HOUR = 30
const IN_A_DAY = 150
/** With what the windows leave over at their ends, and with failures that a restart forgets. */
const MOST_IN_A_DAY = 160

const HOUR = 60 * MINUTE
const HOME = '203.0.113.1'

const someone = (index: number): string => `user ${index}`
const somewhere = (index: number): string => `198.51.${index >> 8}.${index & 255}`
const behind = (proxy: string): Setup => ({ server: { trustProxy: proxy } })

t.test('of 10,000 guesses that one source makes in an hour 30 are looked at', async t => {
  const guessFor = async (target: Target, times: number): Promise<number> =>
    guess(target, times, () => ({}), HOUR / times)
  t.equal(await guessFor(await createTarget(t), 10_000), IN_AN_HOUR)
  t.ok(
    (await guessFor(await createTarget(t, { limit: byUserName }), 1000)) > IN_AN_HOUR,
    'windows that do not grow allow more'
  )
  t.equal(await guessFor(await createTarget(t, { limit: noLimit }), 100), 100)
})

t.test('X-Forwarded-For: counts as one address unless a trusted proxy wrote it', async t => {
  for (const [name, setup] of Object.entries({
    'no proxy': {},
    'a proxy that is not the peer': behind('192.0.2.1')
  })) {
    t.equal(
      await guess(await createTarget(t, setup), 1000, index => ({
        username: someone(index),
        forwardedFor: somewhere(index)
      })),
      PER_ADDRESS,
      name
    )
    t.equal(
      await guess(await createTarget(t, setup), 100, index => ({ forwardedFor: somewhere(index) })),
      PER_ACCOUNT,
      name
    )
  }
  const madeUpBefore = (index: number) => ({
    username: someone(index),
    forwardedFor: `${somewhere(index)}, 203.0.113.7`
  })
  t.equal(
    await guess(await createTarget(t, behind('127.0.0.1')), 1000, madeUpBefore),
    PER_ADDRESS,
    'addresses before that of the proxy are ignored'
  )
  t.equal(
    await guess(await createTarget(t, { limit: byForwardedFor }), 100, madeUpBefore),
    100,
    'control: a limit that trusts the sender stops no guess'
  )
})

t.test('1,000 addresses from a trusted proxy count apart, but share the account limit', async t => {
  t.equal(
    await guess(await createTarget(t, behind('127.0.0.1')), 1000, index => ({
      forwardedFor: somewhere(index)
    })),
    PER_ACCOUNT
  )
  const target = await createTarget(t, behind('127.0.0.1'))
  t.equal(
    await guess(target, 100, index => ({
      username: someone(index),
      forwardedFor: somewhere(index)
    })),
    100,
    'users at separate addresses do not share a limit'
  )
})

t.test('1,000 addresses of one IPv6 /64 count as one', async t => {
  const within = (index: number) => ({
    username: someone(index),
    forwardedFor: `2001:db8:1:2:${index.toString(16)}::1`
  })
  t.equal(await guess(await createTarget(t, behind('127.0.0.1')), 1000, within), PER_ADDRESS)
  t.equal(
    await guess(
      await createTarget(t, { ...behind('127.0.0.1'), limit: byWholeAddress }), 100, within
    ),
    100,
    'control: a limit of whole addresses stops no guess'
  )
})

t.test('one source gets 300 checks for 1,000 user names within ten minutes', async t => {
  const spray = async (target: Target, names: number): Promise<number> =>
    guess(target, names, index => ({ username: someone(index) }), (10 * MINUTE) / 1000)
  t.equal(await spray(await createTarget(t), 1000), 10 * PER_ADDRESS)
  t.equal(
    await spray(await createTarget(t, { limit: byUserName }), 100),
    100,
    'a limit of user names alone does not see it'
  )
})

/** How many passwords are looked at of 200 whose last byte comes in the same instant. */
async function guessAtOnce (t: Test, setup: Setup): Promise<number> {
  const target = await createTarget(t, setup)
  await target.app.listen({ host: '127.0.0.1', port: 0 })
  const answers = await postAtOnce(
    (target.app.server.address() as AddressInfo).port,
    '/api/token/',
    { username: 'vitor', password: 'wrong' },
    200
  )
  t.equal(answers.filter(({ status }) => status === 401).length, target.checks)
  t.equal(answers.filter(({ status }) => status !== 401).length, 200 - target.checks)
  return target.checks
}

t.test('of 200 guesses in the same instant five are looked at', async t => {
  t.equal(await guessAtOnce(t, {}), PER_ACCOUNT)
  t.ok(
    (await guessAtOnce(t, { limit: countsAfterTheCheck })) > PER_ACCOUNT,
    'a limit that counts failures lets more in'
  )
})

for (const { name, skip, start } of [sharedSqlite]) {
  const opened = async (t: Test, url: string): Promise<SessionStore> => {
    const { store, disconnect } = await openStore(url)
    t.after(disconnect)
    return store
  }

  t.test(`${name}: of 200 guesses in the same instant five are looked at`, { skip }, async t => {
    t.equal(await guessAtOnce(t, { store: await opened(t, await start(t)) }), PER_ACCOUNT)
  })

  t.test(`${name}: a restart resets no limit and keeps familiar addresses`, { skip }, async t => {
    const [url, clock] = [await start(t), createClock()]
    /** Starts anew each minute, ten times, and guesses each time before the owner logs in. */
    async function guessAndRestart (
      setup: Setup, open: () => Promise<SessionStore>
    ): Promise<{ checks: number, statuses: Set<number> }> {
      let checks = 0
      const statuses = new Set<number>()
      for (let restart = 0; restart < 10; restart++) {
        const target = await createTarget(t, {
          ...setup,
          ...behind('127.0.0.1'),
          clock,
          store: await open()
        })
        checks += await guess(target, restart === 0 ? 0 : 10, index => ({
          forwardedFor: somewhere(index)
        }))
        statuses.add(await target.login({ password: '123', forwardedFor: HOME }))
        await target.app.close()
        clock.advance(MINUTE)
      }
      return { checks, statuses }
    }
    const { checks, statuses } = await guessAndRestart({}, () => opened(t, url))
    t.ok(checks <= 4 * PER_ACCOUNT, `${checks} in windows of 1, 2, 4 and 8 minutes`)
    t.strictSame(statuses, new Set([200]), 'the logins at home')
    t.equal(
      (await guessAndRestart({ limit: byUserName }, async () => memoryStore())).checks,
      9 * PER_ACCOUNT,
      'a limit that is in the memory forgets'
    )
  })
}

/**
 * Each minute a guesser tries from a new address, until it must wait or has had its tries. The
 * owner logs in at home every ten minutes.
 */
async function guessFor (
  hours: number, target: Target, triesAMinute: number
): Promise<{ checks: number, refused: number }> {
  let refused = 0
  await target.login({ password: '123', forwardedFor: HOME })
  target.clock.advance(MINUTE)
  for (let minute = 0; minute < hours * 60; minute++) {
    let status = 401
    for (let tries = 0; tries < triesAMinute && status === 401; tries++) {
      status = await target.login({ forwardedFor: somewhere(minute) })
    }
    if (
      minute % 10 === 0 &&
      (await target.login({ password: '123', forwardedFor: HOME })) !== 200
    ) {
      refused++
    }
    target.clock.advance(MINUTE)
  }
  return { checks: target.checks, refused }
}

const GUESSERS: [name: string, triesAMinute: number][] = [
  ['one who never sleeps', Infinity],
  ['one who leaves the last try of each minute', PER_ACCOUNT - 1],
  ['one who tries once a minute', 1]
]

for (const [name, triesAMinute] of GUESSERS) {
  t.test(`a day of ${name} is at most 150 guesses and refuses no login at home`, async t => {
    const { checks, refused } = await guessFor(
      24, await createTarget(t, behind('127.0.0.1')), triesAMinute
    )
    t.ok(checks <= IN_A_DAY, `${checks} guesses`)
    t.equal(refused, 0)
    const naive = await guessFor(
      1, await createTarget(t, { ...behind('127.0.0.1'), limit: byUserName }), triesAMinute
    )
    t.ok(naive.checks > IN_AN_HOUR, `windows that do not grow allow ${naive.checks} in an hour`)
  })
}

/** Moves the clock through a day: by minutes while windows are short, then by ten minutes. */
async function throughADay (clock: Target['clock'], work: (step: number) => Promise<void>) {
  const end = clock() + DAY
  for (let step = 0; clock() < end; step++) {
    await work(step)
    clock.advance(step < 120 ? MINUTE : 10 * MINUTE)
  }
}

/** Guesses until a login is not a 401, or so many times. Stops when the test has failed. */
async function guessUntilRefused (target: Target, login: Login, times = Infinity): Promise<void> {
  for (let count = 0; count < times && target.checks <= MOST_IN_A_DAY; count++) {
    const status = await target.login(login)
    // A check that throws answers 500, and the guesser learns as much.
    if (status !== 401 && status !== 500) return
  }
}

const ADDRESSES = Array.from({ length: 40 }, (_, index) => somewhere(index))
/** Five of the addresses in each step: the account has one counter for all. */
const someOf = (step: number): string[] =>
  Array.from({ length: 5 }, (_, index) => ADDRESSES[(5 * step + index) % 40] as string)

type Guesser = (target: Target, step: number) => Promise<void>

const fromOne: Guesser = target => guessUntilRefused(target, { forwardedFor: HOME })

const fromForty: Guesser = async (target, step) => {
  for (const forwardedFor of someOf(step)) await guessUntilRefused(target, { forwardedFor })
}

/** He logs in as himself before he guesses, in between, and after it. */
const withHisOwnAccount: Guesser = async (target, step) => {
  for (const forwardedFor of someOf(step)) {
    for (let time = 0; time < 2; time++) {
      if (step % 2 === time) await target.login({ ...HIS_OWN, forwardedFor })
      await guessUntilRefused(target, { forwardedFor }, 3)
    }
  }
}

/** Each spelling of the name that the database takes for the same, from one address. */
const bySpellings: Guesser = async target => {
  for (const username of ['vitor', 'VITOR', 'vit\u200bor', 'vítor', 'ｖｉｔｏｒ', 'viŧor']) {
    await guessUntilRefused(target, { username, forwardedFor: HOME })
  }
}

const HABITS: Record<string, (() => never) | undefined> = {
  'returns null': undefined,
  'throws a 401': () => { throw Object.assign(new Error('wrong password'), { statusCode: 401 }) },
  'throws a 400 as status': () => { throw Object.assign(new Error('no'), { status: 400 }) },
  'throws without a status': () => { throw new Error('wrong password') }
}

const SOURCES: Record<string, Guesser> = {
  'one address': fromOne,
  '40 addresses': fromForty,
  '40 addresses with a separate account': withHisOwnAccount,
  'one address in six spellings': bySpellings
}

for (const [habit, refuse] of Object.entries(HABITS)) {
  for (const [name, guesser] of Object.entries(SOURCES).slice(0, refuse === undefined ? 4 : 2)) {
    t.test(`a day of guesses is at most 160: ${name}, a check that ${habit}`, async t => {
      const target = await createTarget(t, {
        ...behind('127.0.0.1'), ...(refuse !== undefined && { refuse })
      })
      await throughADay(target.clock, step => guesser(target, step))
      t.ok(target.checks >= 100 && target.checks <= MOST_IN_A_DAY, `${target.checks} guesses`)
      const failed = target.events.filter(({ type }) => type === 'login_failed')
      t.equal(failed.length, target.checks, 'and each is a failed login')
    })
  }
}

for (const [name, triesAMinute] of GUESSERS) {
  t.test(`three processes with shared counters: a day of ${name}`, async t => {
    const [store, clock] = [countingStore(), createClock()]
    const setup = { ...behind('127.0.0.1'), store, clock }
    const targets = [
      await createTarget(t, setup), await createTarget(t, setup), await createTarget(t, setup)
    ]
    let tries = 0
    await throughADay(clock, async step => {
      let status = 401
      for (let count = 0; count < triesAMinute && status === 401; count++) {
        const target = targets[tries++ % 3] as Target
        status = await target.login({ forwardedFor: somewhere(step) })
      }
    })
    const checks = targets.reduce((sum, target) => sum + target.checks, 0)
    t.ok(checks >= 100 && checks <= MOST_IN_A_DAY, `${checks} guesses`)
  })

  t.test(`a restart every hour with shared counters: a day of ${name}`, async t => {
    const [store, clock] = [countingStore(), createClock()]
    const setup = { ...behind('127.0.0.1'), store, clock }
    let [target, checks, restarts] = [await createTarget(t, setup), 0, 0]
    await throughADay(clock, async step => {
      if (clock() - START >= (restarts + 1) * HOUR) {
        restarts++
        checks += target.checks
        await target.app.close()
        target = await createTarget(t, setup)
      }
      await guessUntilRefused(target, { forwardedFor: somewhere(step) }, triesAMinute)
    })
    checks += target.checks
    t.ok(checks >= 100 && checks <= MOST_IN_A_DAY, `${checks} guesses`)
  })
}

t.test('an address with a login every day stays familiar', async t => {
  const target = await createTarget(t, behind('127.0.0.1'))
  const refused: number[] = []
  for (let day = 0; day < 70; day++) {
    if (await target.login({ password: '123', forwardedFor: HOME }) !== 200) refused.push(day)
    target.clock.advance(DAY - MINUTE)
    await guess(target, 2 * PER_ACCOUNT, index => ({ forwardedFor: somewhere(index) }))
    target.clock.advance(MINUTE - 1)
  }
  t.strictSame(refused, [], 'days on which the owner was refused')
})
