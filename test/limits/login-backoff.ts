import fc from 'fast-check'
import t from 'tap'
import { foldUsername } from '../../plugin/limits/fold-username.ts'
import { localCounters } from '../../plugin/limits/local-counters.ts'
import { memoryCounters } from '../../plugin/limits/memory-counters.ts'
import { createLoginBackoff } from '../../plugin/limits/login-backoff.ts'
import { DAY, MINUTE, createClock } from '../fixtures/app.ts'

const MAX = 5

/**
 * A limit of five tries. A try has the outcome that its password deserves; `tryIt` is how many
 * seconds it must wait, or 0.
 */
function build () {
  const clock = createClock()
  const attemptOf = createLoginBackoff(localCounters(memoryCounters(clock), clock), MAX)
  const attempt = ({ user: name, source }: { user: string, source: string | undefined }) => {
    const user = foldUsername(name)
    return attemptOf({
      user, source: source && `${source} ${user}`, exactSource: source && `${source} ${name}`
    })
  }

  async function tryIt (
    source: string | undefined, password: 'right' | 'wrong', user = 'vitor'
  ): Promise<number> {
    const { count, recordFailures, recordSuccess } = attempt({ user, source })
    const { counted: { isExceeded, ttlInSeconds } } = await count()
    if (isExceeded) return ttlInSeconds
    await (password === 'right' ? recordSuccess() : recordFailures({ ofAll: 1, atSource: 1 }))
    return 0
  }
  /** Tries wrong passwords until it must wait: how many, and for how many seconds. */
  async function guess (
    source: string | undefined, user?: string
  ): Promise<[tries: number, wait: number]> {
    for (let tries = 0; ; tries++) {
      const wait = await tryIt(source, 'wrong', user)
      if (wait > 0) return [tries, wait]
    }
  }
  return { clock, attempt, tryIt, guess }
}

t.test('login back-off: five failures double the wait, from a minute up to an hour', async t => {
  for (const source of ['there', undefined]) {
    const { clock, guess } = build()
    const waits: number[] = []
    for (let window = 0; window < 9; window++) {
      const [tries, wait] = await guess(source)
      t.equal(tries, MAX)
      waits.push(wait)
      clock.advance(wait * 1000)
    }
    t.strictSame(waits, [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600])
  }
})

t.test('login back-off: allows at most 150 guesses a day from any number of addresses', async t => {
  for (const sources of [['one'], Array.from({ length: 1000 }, (_, index) => `${index}`)]) {
    const { clock, tryIt } = build()
    let tries = 0
    for (let time = 0; time < DAY; time += MINUTE) {
      for (
        let count = 0;
        count < MAX && (await tryIt(sources[tries % sources.length], 'wrong')) === 0;
        count++
      ) {
        tries++
      }
      clock.advance(MINUTE)
    }
    t.ok(tries >= 100 && tries <= 150, `${tries} tries`)
  }
})

t.test('login back-off: a refused try does not extend the wait', async t => {
  const { clock, guess, tryIt } = build()
  await guess('there')
  for (let count = 0; count < 200; count++) await tryIt('there', 'wrong')
  clock.advance(MINUTE)
  t.equal(await tryIt('there', 'wrong'), 0)
})

t.test('login back-off: counts failures, so a slow guesser gets no more tries a day', async t => {
  for (const triesAMinute of [1, 4]) {
    const { clock, tryIt } = build()
    let tries = 0
    for (let time = 0; time < DAY; time += MINUTE) {
      for (let count = 0; count < triesAMinute; count++) {
        if ((await tryIt('there', 'wrong')) === 0) tries++
      }
      clock.advance(MINUTE)
    }
    t.ok(tries >= 100 && tries <= 150, `${tries} tries`)
  }
})

t.test('login back-off: limits successful logins without extending the wait', async t => {
  const { clock, tryIt } = build()
  await tryIt('home', 'right')
  for (let window = 0; window < 3; window++) {
    for (let count = 0; count < MAX; count++) t.equal(await tryIt('home', 'right'), 0)
    t.equal(await tryIt('home', 'right'), 60)
    clock.advance(MINUTE)
  }
})

t.test('login back-off: strangers do not lock a user out of a familiar address', async t => {
  const { clock, guess, tryIt } = build()
  t.equal(await tryIt('home', 'right'), 0)
  for (let time = 0; time < DAY; time += 10 * MINUTE) {
    for (const stranger of ['a', 'b', 'c']) await guess(stranger)
    t.equal(await tryIt('home', 'wrong'), 0)
    t.equal(await tryIt('home', 'right'), 0, `after ${time / MINUTE} minutes`)
    clock.advance(10 * MINUTE)
  }
  await guess(undefined)
  t.ok(await tryIt('elsewhere', 'right') > 0)
})

t.test('login back-off: an unknown address waits an hour at most', async t => {
  const { clock, guess, tryIt } = build()
  for (let window = 0; window < 20; window++) clock.advance((await guess('stranger'))[1] * 1000)
  const wait = (await guess('stranger'))[1]
  t.ok(wait <= 3600)
  clock.advance(wait * 1000)
  t.equal(await tryIt('new phone', 'right'), 0)
})

t.test('a guesser at a familiar address is slowed down as much', async t => {
  const { clock, guess, tryIt } = build()
  await tryIt('home', 'right')
  clock.advance(MINUTE)
  const waits: number[] = []
  for (let window = 0; window < 3; window++) {
    const [tries, wait] = await guess('home')
    t.equal(tries, MAX)
    waits.push(wait)
    clock.advance(wait * 1000)
  }
  t.strictSame(waits, [60, 120, 240])
})

t.test('login back-off: a successful login resets the failures', async t => {
  const { clock, guess, tryIt } = build()
  await tryIt('home', 'right')
  clock.advance(MINUTE)
  for (let window = 0; window < 4; window++) clock.advance((await guess('home'))[1] * 1000)
  t.equal(await tryIt('home', 'right'), 0)
  clock.advance(60 * MINUTE)
  t.strictSame(await guess('home'), [MAX, 60])
})

t.test('an address stays familiar as long as the user comes back within a month', async t => {
  const { clock, guess, tryIt } = build()
  await tryIt('home', 'right')
  for (let time = 0; time < 5; time++) {
    clock.advance(30 * DAY - 1)
    await guess('stranger')
    t.equal(await tryIt('home', 'right'), 0)
  }
  clock.advance(60 * DAY)
  await guess('stranger')
  t.ok(await tryIt('home', 'right') > 0, 'two months later it is strange again')
})

t.test('a day after the first failure all is forgotten', async t => {
  const { clock, guess } = build()
  clock.advance((await guess('there'))[1] * 1000)
  await guess('there')
  clock.advance(DAY)
  t.strictSame(await guess('there'), [MAX, 60])
})

t.test('login back-off: keeps counts and familiar addresses per user', async t => {
  const { guess, tryIt } = build()
  await tryIt('office vitor', 'right', 'vitor')
  await guess('stranger', 'maria')
  t.ok(await tryIt('office maria', 'right', 'maria') > 0)
  t.equal(await tryIt('office vitor', 'right', 'vitor'), 0)
})

t.test('of 200 at once five pass, and five failures are counted', async t => {
  const { clock, tryIt, guess } = build()
  const waits = await Promise.all(
    Array.from({ length: 200 }, (_, index) => tryIt(`${index}`, 'wrong'))
  )
  t.equal(waits.filter(wait => wait === 0).length, MAX)
  clock.advance(MINUTE)
  t.strictSame(await guess(undefined), [MAX, 120])
})

t.test('login back-off: distinguishes an unknown source from one without tries left', async t => {
  const { attempt, guess, tryIt } = build()
  await guess('there')
  t.match(await attempt({ user: 'vitor', source: 'there' }).count(), {
    counted: { isExceeded: true },
    isUnknownSource: true
  })
  t.match(await attempt({ user: 'vitor', source: 'elsewhere' }).count(), {
    counted: { isExceeded: true },
    isUnknownSource: true
  })
  t.match(await attempt({ user: 'vitor', source: undefined }).count(), {
    counted: { isExceeded: true },
    isUnknownSource: true
  })
  await tryIt('home', 'right', 'maria')
  await guess('there', 'maria')
  const { count, isKnownSource } = attempt({ user: 'maria', source: 'home' })
  t.match(await count(), { counted: { isExceeded: false }, isUnknownSource: false })
  t.equal(await isKnownSource(), true)
})

t.test('login back-off: another user of the folded name makes no source known', async t => {
  const { clock, guess, tryIt, attempt } = build()
  for (let count = 0; count < 3; count++) await tryIt('there', 'right', 'Vitor')
  t.equal(await attempt({ user: 'Vitor', source: 'there' }).isKnownSource(), true)
  t.equal(await attempt({ user: 'vitor', source: 'there' }).isKnownSource(), false)
  clock.advance(MINUTE)
  await guess('stranger')
  t.ok(await tryIt('there', 'wrong', 'vitor') > 0, 'the limit of strangers holds')
  t.equal(await tryIt('there', 'right', 'Vitor'), 0, 'but not for him')
})

t.test('login back-off: logins of another user reset no failures, in any order', async () => {
  const step = fc.record({
    source: fc.constantFrom('a', 'b'),
    user: fc.constantFrom('vitor', 'Vitor', 'VITOR'),
    password: fc.constantFrom('right', 'wrong')
  })
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async steps => {
    const { clock, tryIt } = build()
    let guesses = 0
    for (let minute = 0; minute < 60; minute++) {
      for (const { source, user, password } of steps) {
        // Vitor has the right password. He guesses that of the other two names.
        const isHis = user === 'Vitor'
        const wait = await tryIt(source, isHis && password === 'right' ? 'right' : 'wrong', user)
        if (!isHis && wait === 0) guesses++
      }
      clock.advance(MINUTE)
    }
    return guesses <= 8 * MAX
  }), { numRuns: 15 })
})

t.test('login back-off: spellings of a known user share the counter of strangers', async t => {
  const { clock, tryIt } = build()
  await tryIt('home', 'right')
  clock.advance(MINUTE)
  let guesses = 0
  for (let time = 0; time < DAY; time += 4 * MINUTE) {
    for (const user of ['VITOR', 'vítor', 'vit\u200bor', 'vitor', 'ｖｉｔｏｒ']) {
      for (let count = 0; count < MAX; count++) {
        if (await tryIt('home', 'wrong', user) > 0) break
        guesses++
      }
    }
    clock.advance(4 * MINUTE)
  }
  t.ok(guesses <= 300, `${guesses}: as many as from the known address and from all others`)
})

t.test('login back-off: a login of the user resets failures of the exact name only', async t => {
  const { clock, guess, tryIt } = build()
  await tryIt('home', 'right')
  clock.advance(MINUTE)
  for (let window = 0; window < 2; window++) {
    clock.advance((await guess('home', 'VITOR'))[1] * 1000)
    t.equal(await tryIt('home', 'right'), 0)
  }
  t.strictSame(await guess('home', 'VITOR'), [MAX - 1, 120], 'the login has used one try')
  clock.advance(60 * MINUTE)
  t.strictSame(await guess('home'), [MAX, 60])
})

t.test('login back-off: what is given back does not count', async t => {
  for (const source of ['there', undefined]) {
    const { attempt, guess } = build()
    for (let count = 0; count < 3 * MAX; count++) {
      const { count: counted, giveBack } = attempt({ user: 'vitor', source })
      t.match(await counted(), { counted: { isExceeded: false } })
      await giveBack()
    }
    t.strictSame(await guess(source), [MAX, 60])
  }
})

t.test('login back-off: a source that another set of counters knows is exempt', async t => {
  const { attempt, guess } = build()
  await guess('stranger')
  t.match(await attempt({ user: 'vitor', source: 'home' }).count(), { isUnknownSource: true })
  t.match(await attempt({ user: 'vitor', source: 'home' }).count(true), {
    counted: { isExceeded: false },
    isUnknownSource: false
  })
  t.match(
    await attempt({ user: 'vitor', source: undefined }).count(true), { isUnknownSource: true },
    'no address is not known anywhere'
  )
})

t.test('login back-off: says which counters an attempt has filled', async t => {
  const { attempt } = build()
  for (let count = 1; count <= MAX + 1; count++) {
    const other = attempt({ user: 'vitor', source: `${count}` })
    await other.count()
    t.strictSame(other.filled(), { ofAll: count === MAX, atSource: false })
  }
  t.strictSame(attempt({ user: 'vitor', source: 'x' }).filled(), { ofAll: false, atSource: false })
})
