import { randomInt, scryptSync, timingSafeEqual } from 'node:crypto'
import t, { type Test } from 'tap'
import { type TestApp, type TestUser, buildApp, createUsers } from '../fixtures/app.ts'
import type { Check } from '../fixtures/naive/limits.ts'

/** Logins that are refused, each for a reason that the answer must not tell. */
const LOGINS = {
  'an unknown user': { username: 'nobody', password: '123' },
  'a wrong password': { username: 'vitor', password: 'wrong' },
  'an inactive user': { username: 'inactive', password: '123' }
}
type Reason = keyof typeof LOGINS
const REASONS = Object.keys(LOGINS) as Reason[]

const TIMES = 2000
/** How far the medians may be apart. */
const TOLERANCE = 1.05

/**
 * The same cost for each password: half a millisecond, about as much as all the rest of a login.
 */
const hashOf = (password: string): Buffer => scryptSync(password, 'salt', 32, { N: 128 })
const hashes = new Map(
  createUsers().map((user): [string, { user: TestUser, hash: Buffer }] => [
    user.name,
    { user, hash: hashOf(user.password) }
  ])
)
const UNKNOWN_USER_HASH = hashOf('a password that nobody knows')

/** Hashes for a name that does not exist too, as example/users.ts does. */
const careful: Check = ({ username, password }) => {
  const known = hashes.get(username)
  const isRight = timingSafeEqual(hashOf(password), known?.hash ?? UNKNOWN_USER_HASH)
  return known !== undefined && isRight ? known.user : null
}

/** Has nothing to hash if there is no such name. */
const careless: Check = (credentials, request) =>
  hashes.has(credentials.username) ? careful(credentials, request) : null

/** The limits count, and let all pass. */
const target = (t: Test, verifyCredentials: Check): Promise<TestApp> =>
  buildApp(t, { verifyCredentials, rateLimit: { loginPerAddress: 1e9, loginPerUsername: 1e9 } })

function shuffled (reasons: readonly Reason[]): Reason[] {
  const left = [...reasons]
  return reasons.map(() => left.splice(randomInt(left.length), 1)[0] as Reason)
}

function median (values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] as number
}

/**
 * Median milliseconds of so many logins for each reason, one after another in random order, so that
 * what else the machine does is spread over all alike.
 */
async function timeLogins ({ post }: TestApp, times: number): Promise<Record<Reason, number>> {
  const took: Record<Reason, number[]> = {
    'an unknown user': [],
    'a wrong password': [],
    'an inactive user': []
  }
  for (let time = 0; time < times; time++) {
    for (const reason of shuffled(REASONS)) {
      const startedAt = performance.now()
      await post('/api/token/', LOGINS[reason])
      took[reason].push(performance.now() - startedAt)
    }
  }
  return Object.fromEntries(REASONS.map(reason => [reason, median(took[reason])])) as Record<
    Reason,
    number
  >
}

const apart = (medians: Record<Reason, number>): number =>
  Math.max(...Object.values(medians)) / Math.min(...Object.values(medians))
const shown = (medians: Record<Reason, number>): string =>
  REASONS.map(reason => `${reason} ${medians[reason].toFixed(3)} ms`).join(', ')

t.test('a refused login has the same bytes and headers for every reason', async t => {
  const { post } = await target(t, careful)
  const answers = await Promise.all(REASONS.map(async reason => {
    const {
      statusCode, headers: { date: _date, ...headers }, rawPayload
    } = await post('/api/token/', LOGINS[reason])
    return { statusCode, headers, body: rawPayload.toString('hex') }
  }))
  t.equal(answers[0]?.statusCode, 401)
  for (const answer of answers) t.strictSame(answer, answers[0])
})

t.test('a refused login takes the same time for every reason', async t => {
  const app = await target(t, careful)
  await timeLogins(app, 50)
  let medians = await timeLogins(app, TIMES)
  t.comment(shown(medians))
  // What another process takes from this one is not always spread evenly. What the plugin gives
  // away would be there again.
  if (apart(medians) > TOLERANCE) medians = await timeLogins(app, TIMES)
  t.ok(apart(medians) <= TOLERANCE, shown(medians))
})

t.test('control: a host that hashes nothing for an unknown user takes another time', async t => {
  const medians = await timeLogins(await target(t, careless), TIMES / 20)
  t.ok(apart(medians) > TOLERANCE, shown(medians))
})
