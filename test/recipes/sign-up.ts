import { mock } from 'node:test'
import t from 'tap'
import { HOUR, MINUTE, START, holdClock } from '../fixtures/recipes/clock.ts'
import { PASSWORD, afterReplies, buildRecipes } from '../fixtures/recipes/recipe-app.ts'

const NEW = 'new@app.example'

t.test('a user signs up, and is logged in', async t => {
  const { post, get, login, tokenOfMail } = await buildRecipes(t)
  t.equal((await post('/sign-up', { email: NEW })).statusCode, 202)
  const reply = await post('/sign-up/confirm', { token: await tokenOfMail(), password: PASSWORD })
  t.equal(reply.statusCode, 200)
  t.match((await get('/me', reply.json().access)).json(), { id: '4', role: 'user' })
  t.equal((await login(NEW)).statusCode, 200)
})

t.test('the answer does not tell whether an address has an account', async t => {
  const { post, mails } = await buildRecipes(t)
  const [known, unknown] = [
    await post('/sign-up', { email: 'vitor@app.example' }), await post('/sign-up', { email: NEW })
  ]
  t.equal(known.statusCode, unknown.statusCode)
  t.equal(known.body, unknown.body)
  await afterReplies()
  t.match(mails[0]?.text, 'You have an account already')
  t.notMatch(mails[0]?.text, '#', 'no link that opens anything')
})

t.test('a link works once, for an hour', async t => {
  holdClock(t)
  const { post, accounts, tokenOfMail } = await buildRecipes(t)
  const confirm = async (token: string): Promise<number> =>
    (await post('/sign-up/confirm', { token, password: PASSWORD })).statusCode

  await post('/sign-up', { email: NEW })
  const late = await tokenOfMail()
  mock.timers.setTime(START + HOUR)
  t.equal(await confirm(late), 400)
  await post('/sign-up', { email: NEW })
  const token = await tokenOfMail()
  const statuses = await Promise.all([1, 2, 3].map(() => confirm(token)))
  t.same(statuses.sort(), [200, 400, 400])
  t.equal(accounts.all().length, 4)
})

t.test('two links to one address make one account', async t => {
  holdClock(t)
  const { post, accounts, tokenOfMail } = await buildRecipes(t)
  await post('/sign-up', { email: NEW })
  const first = await tokenOfMail()
  mock.timers.setTime(START + MINUTE)
  await post('/sign-up', { email: NEW.toUpperCase() })
  const second = await tokenOfMail()
  t.equal((await post('/sign-up/confirm', { token: first, password: PASSWORD })).statusCode, 200)
  t.equal((await post('/sign-up/confirm', { token: second, password: PASSWORD })).statusCode, 400)
  t.equal(accounts.all().length, 4)
})

t.test('an address gets one mail a minute, and a client asks five times a minute', async t => {
  const { post, mails } = await buildRecipes(t)
  const statuses = []
  for (let count = 0; count < 7; count++) {
    statuses.push((await post('/sign-up', { email: NEW })).statusCode)
  }
  t.same(statuses, [202, 202, 202, 202, 202, 429, 429])
  await afterReplies()
  t.equal(mails.length, 1)
})

t.test('a short password is refused, and leaves the link', async t => {
  const { post, tokenOfMail } = await buildRecipes(t)
  await post('/sign-up', { email: NEW })
  const token = await tokenOfMail()
  t.equal((await post('/sign-up/confirm', { token, password: 'short' })).statusCode, 400)
  t.equal((await post('/sign-up/confirm', { token, password: PASSWORD })).statusCode, 200)
})

t.test('no token of a link is in the log', async t => {
  const { post, log, tokenOfMail } = await buildRecipes(t)
  await post('/sign-up', { email: NEW })
  const token = await tokenOfMail()
  await post('/sign-up/confirm', { token, password: PASSWORD })
  t.ok(log.length > 3)
  t.notMatch(log.join(''), token)
})
