import { mock } from 'node:test'
import { TOTP } from 'otpauth'
import t from 'tap'
import { MINUTE, START, holdClock } from '../fixtures/recipes/clock.ts'
import { afterReplies, buildRecipes } from '../fixtures/recipes/recipe-app.ts'

const VITOR = 'vitor@app.example'

t.test('a user logs in by a link', async t => {
  const { post, get, log, tokenOfMail } = await buildRecipes(t)
  t.equal((await post('/login/link/request', { email: VITOR })).statusCode, 202)
  const token = await tokenOfMail()
  const reply = await post('/login/link', { token })
  t.equal(reply.statusCode, 200)
  t.match((await get('/me', reply.json().access)).json(), { id: '1', amr: ['link'] })
  t.notMatch(log.join(''), token, 'the token is not in the log')
})

t.test('a link works once, for ten minutes', async t => {
  holdClock(t)
  const { post, tokenOfMail } = await buildRecipes(t)
  const open = async (token: string): Promise<number> =>
    (await post('/login/link', { token })).statusCode
  await post('/login/link/request', { email: VITOR })
  const late = await tokenOfMail()
  mock.timers.setTime(START + 10 * MINUTE)
  t.equal(await open(late), 401)
  await post('/login/link/request', { email: VITOR })
  const token = await tokenOfMail()
  t.same((await Promise.all([1, 2, 3].map(() => open(token)))).sort(), [200, 401, 401])
})

t.test('the answer does not tell whether an address has an account', async t => {
  const { post, mails, accounts } = await buildRecipes(t)
  const inactive = accounts.add('inactive@app.example', { isActive: false })
  const replies = []
  for (const email of [VITOR, 'unknown@app.example', inactive?.email]) {
    replies.push(await post('/login/link/request', { email }))
  }
  for (const reply of replies) {
    t.equal(reply.statusCode, 202)
    t.equal(reply.body, replies[0]?.body)
  }
  await afterReplies()
  t.same(mails.map(({ to }) => to), [VITOR])
})

t.test('a user who is locked out meanwhile stays out', async t => {
  const { post, accounts, tokenOfMail } = await buildRecipes(t)
  await post('/login/link/request', { email: VITOR })
  const account = accounts.findByEmail(VITOR)
  if (account !== null) account.isActive = false
  t.equal((await post('/login/link', { token: await tokenOfMail() })).statusCode, 401)
})

t.test('a link does not replace the second factor', async t => {
  holdClock(t)
  const { post, get, accounts, tokenOfMail } = await buildRecipes(t)
  const account = accounts.findByEmail(VITOR)
  const generator = new TOTP()
  if (account !== null) account.totp = { secret: generator.secret.base32, lastStep: 0 }
  await post('/login/link/request', { email: VITOR })
  const token = await tokenOfMail()

  t.equal((await post('/login/link', { token })).statusCode, 401)
  const right = await post('/login/link', { token, otp: generator.generate() })
  t.equal(right.statusCode, 200, 'a missing code leaves the link')
  t.match((await get('/me', right.json().access)).json(), { amr: ['link', 'otp', 'mfa'] })

  mock.timers.setTime(START + MINUTE)
  await post('/login/link/request', { email: VITOR })
  const other = await tokenOfMail()
  const statuses = []
  for (let guess = 0; guess < 30; guess++) {
    statuses.push((await post('/login/link', { token: other, otp: `0000${10 + guess}` })).statusCode)
  }
  t.ok(statuses.includes(429), 'guesses are limited')
})
