import { mock } from 'node:test'
import t from 'tap'
import { HOUR, holdClock } from '../fixtures/recipes/clock.ts'
import { PASSWORD, buildRecipes } from '../fixtures/recipes/recipe-app.ts'

const VITOR = 'vitor@app.example'

t.test('a user logs in by email, in any case', async t => {
  const { login, get } = await buildRecipes(t)
  const reply = await login('Vitor@App.Example')
  t.equal(reply.statusCode, 200)
  const me = await get('/me', reply.json().access)
  t.same(me.json(), { id: '1', role: 'user', amr: ['pwd'], act: null })
})

t.test('a wrong password, an unknown address and no password are one 401', async t => {
  const { login, accounts } = await buildRecipes(t)
  accounts.add('oauth@app.example')
  const replies = [
    await login(VITOR, { password: 'wrong horse battery' }),
    await login('unknown@app.example'),
    await login('oauth@app.example')
  ]
  for (const reply of replies) {
    t.equal(reply.statusCode, 401)
    t.same(reply.json(), replies[0]?.json())
  }
})

t.test('a session without "remember me" lasts a day, however often it is refreshed', async t => {
  holdClock(t)
  const { login, post } = await buildRecipes(t)

  const lifetimeOf = async (remember: boolean): Promise<number> => {
    let { refresh } = (await login(VITOR, { remember })).json()
    const start = Date.now()
    for (;;) {
      mock.timers.setTime(Date.now() + 11 * HOUR)
      const reply = await post('/api/token/refresh/', { refresh })
      if (reply.statusCode !== 200) return Date.now() - start
      refresh = reply.json().refresh
    }
  }
  t.ok(await lifetimeOf(false) <= 36 * HOUR)
  t.ok(await lifetimeOf(true) >= 29 * 24 * HOUR)
})

t.test('a browser drops the cookie when it closes, without "remember me"', async t => {
  const { app } = await buildRecipes(t)
  const cookieOf = async (remember: boolean): Promise<string> => {
    const reply = await app.inject({
      method: 'POST',
      url: '/api/token/',
      headers: { 'sec-fetch-site': 'same-origin' },
      payload: { email: VITOR, password: PASSWORD, remember }
    })
    t.notOk('refresh' in reply.json())
    return String(reply.headers['set-cookie'])
  }
  t.notMatch(await cookieOf(false), /max-age|expires/i)
  t.match(await cookieOf(true), /max-age/i)
})

t.test('the claims of the login outlive a refresh', async t => {
  const { login, post, get } = await buildRecipes(t)
  const { refresh } = (await login(VITOR)).json()
  const { access } = (await post('/api/token/refresh/', { refresh })).json()
  t.match((await get('/me', access)).json(), { amr: ['pwd'], role: 'user' })
})
