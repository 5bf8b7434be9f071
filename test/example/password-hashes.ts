import t from 'tap'
import { matches } from '../../example/password-hashes.ts'
import { SimpleJwtError } from '../../plugin/index.ts'
import { startDemo } from '../fixtures/servers/demo.ts'
import { type TimedReply, ask } from '../fixtures/clients/timed-request.ts'

const HASH =
  '$argon2id$v=19$m=19456,t=2,p=1$en0il3NvqKMHmacNdrHXnQ$/18W+RcjfjeGDkGQOZv1EgWRTqmg4SOB+v8dg9vJTNI'
/** More than wait on a machine of any number of cores. */
const FLOOD = 200
const BODY = { detail: 'Too many logins at a time. Try again.', code: 'too_many_logins' }

t.test('the password of a hash matches, and no other', async t => {
  t.equal(await matches(HASH, '123'), true)
  for (const password of ['', '1234', '123 ', HASH]) t.equal(await matches(HASH, password), false)
})

t.test('a flood of checks is refused with 503 before the first password is checked', async t => {
  let checked = 0
  const refused: { error: SimpleJwtError, checked: number }[] = []
  await Promise.all(
    Array.from({ length: FLOOD }, () =>
      matches(HASH, 'wrong').then(
        () => {
          checked++
        },
        (error: SimpleJwtError) => {
          refused.push({ error, checked })
        }
      )
    )
  )
  t.ok(checked >= 32, `${checked} were checked`)
  t.equal(refused.length, FLOOD - checked)
  for (const { error, checked } of refused) {
    t.ok(error instanceof SimpleJwtError)
    t.match(error, {
      statusCode: 503,
      code: BODY.code,
      body: BODY,
      headers: { 'retry-after': '1' }
    })
    t.equal(checked, 0)
  }
  t.equal(await matches(HASH, '123'), true, 'and then there is room again')
})

t.test('an unreadable hash throws and frees its slot', async t => {
  for (let count = 0; count < FLOOD; count++) await t.rejects(matches('no hash', '123'))
  t.equal(await matches(HASH, '123'), true)
})

t.test('a login flood is a 503 for every user while guarded routes still answer', async t => {
  const { url, log, stop } = await startDemo(t, { RATE_LIMIT: 'off' })
  const login = (username: string, password: string): Promise<TimedReply> =>
    ask(url, { path: '/api/token/', body: { username, password } })
  const { access } = (await login('vitor', '123')).body as { access: string }

  const people: [string, string][] = [
    ['vitor', '123'],
    ['vitor', 'wrong'],
    ['inactive', '123'],
    ['nobody', '123']
  ]
  let answered = 0
  const flood = Array.from({ length: FLOOD }, async (_, index) => {
    const [username, password] = people[index % people.length] as [string, string]
    const reply = await login(username, password)
    answered++
    return { who: `${username} ${password}`, reply }
  })
  t.equal((await ask(url, { method: 'GET', path: '/hello/', access })).status, 200)
  t.ok(answered < FLOOD, `guarded routes do not wait for the ${FLOOD - answered} logins`)

  const replies = await Promise.all(flood)
  const statuses = (name: string): number[] =>
    [
      ...new Set(replies.filter(({ who }) => who === name).map(({ reply: { status } }) => status))
    ].sort()
  t.same(
    people.map(person => statuses(person.join(' '))),
    [
      [200, 503],
      [401, 503],
      [401, 503],
      [401, 503]
    ]
  )
  for (const { reply: { status, body, retryAfter } } of replies) {
    if (status === 503) t.same({ body, retryAfter }, { body: BODY, retryAfter: '1' })
    if (status === 401) {
      t.same(body, {
        detail: 'No active account found with the given credentials',
        code: 'no_active_account'
      })
    }
  }
  t.equal((await login('vitor', '123')).status, 200, 'and then there is room again')
  await stop()
  t.equal(
    log.filter(line => line.includes('simplejwt login_failed')).length,
    replies.filter(({ reply: { status } }) => status === 401).length,
    'a refused login logs no login_failed'
  )
})
