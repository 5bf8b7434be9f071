import { mock } from 'node:test'
import t from 'tap'
import { MINUTE, SECOND, START, holdClock } from '../fixtures/recipes/clock.ts'
import { PASSWORD, buildRecipes } from '../fixtures/recipes/recipe-app.ts'

const VITOR = 'vitor@app.example'
const ADA = 'ada@app.example'
const NEXT = 'battery staple correct'

t.test('a route for visitors and users knows both', async t => {
  const { get, accessOf } = await buildRecipes(t)
  t.same((await get('/greeting')).json(), { message: 'Hello, visitor!' })
  t.same((await get('/greeting', await accessOf(VITOR))).json(), { message: 'Hello, user!' })
  t.equal((await get('/greeting', 'bad')).statusCode, 401)
})

t.test('each route is guarded, except public ones', async t => {
  const { get, post } = await buildRecipes(t)
  for (const url of ['/me', '/admin/users']) t.equal((await get(url)).statusCode, 401, url)
  const urls = [
    '/me/totp', '/me/totp/confirm', '/me/passkeys', '/me/passkeys/options', '/me/password',
    '/admin/users/1/logout', '/admin/users/1/impersonate'
  ]
  for (const url of urls) t.equal((await post(url)).statusCode, 401, url)
  t.equal((await get('/nothing')).statusCode, 404)
})

t.test('only administrators open the routes of administrators', async t => {
  const { get, post, accessOf } = await buildRecipes(t)
  const user = await accessOf(VITOR)
  t.equal((await get('/admin/users', user)).statusCode, 403)
  t.equal((await post('/admin/users/2/logout', {}, user)).statusCode, 403)
  t.equal((await post('/admin/users/2/impersonate', {}, user)).statusCode, 403)
  const list = await get('/admin/users', await accessOf(ADA))
  t.match(list.json(), [{ id: 1, email: VITOR }, { id: 2 }, { id: 3, role: 'admin' }])
  t.notMatch(list.body, 'argon2')
})

t.test('a password change logs all other devices out', async t => {
  const { get, post, login, accessOf } = await buildRecipes(t)
  const [here, there] = [await accessOf(VITOR), (await login(VITOR)).json()]
  const reply = await post('/me/password', { current: PASSWORD, next: NEXT }, here)
  t.equal(reply.statusCode, 204)
  t.equal((await get('/me', here)).statusCode, 200)
  t.equal((await get('/me', there.access)).statusCode, 401)
  t.equal((await post('/api/token/refresh/', { refresh: there.refresh })).statusCode, 401)
  t.equal((await login(VITOR)).statusCode, 401)
  t.equal((await login(VITOR, { password: NEXT })).statusCode, 200)
})

t.test('a stolen access token does not guess the password', async t => {
  const { post, accessOf, login } = await buildRecipes(t)
  const access = await accessOf(VITOR)
  const statuses = []
  for (let guess = 0; guess < 30; guess++) {
    const body = { current: `guess ${guess}`, next: NEXT }
    statuses.push((await post('/me/password', body, access)).statusCode)
  }
  t.ok(statuses.includes(401) && statuses.includes(429))
  t.notOk(statuses.includes(204))
  t.not((await login(VITOR, { password: NEXT })).statusCode, 200)
})

t.test('an administrator logs a user out', async t => {
  const { get, post, login, accessOf } = await buildRecipes(t)
  const pair = (await login(VITOR)).json()
  const reply = await post('/admin/users/1/logout', {}, await accessOf(ADA))
  t.same(reply.json(), { sessions: 1 })
  t.equal((await get('/me', pair.access)).statusCode, 401)
  t.equal((await post('/api/token/refresh/', pair)).statusCode, 401)
})

t.test('an administrator acts as a user, and the token says so', async t => {
  const { get, post, log, accessOf } = await buildRecipes(t)
  const reply = await post('/admin/users/1/impersonate', {}, await accessOf(ADA))
  t.same(Object.keys(reply.json()), ['access'], 'no refresh token')
  t.notOk(reply.headers['set-cookie'], 'the cookie of the administrator stays')
  const { access } = reply.json()
  t.match((await get('/me', access)).json(), { id: '1', role: 'user', act: '3' })
  t.match(log.join(''), /"admin":"3","user":"1"/)
})

t.test('an administrator who acts as a user cannot change how the user logs in', async t => {
  const { post, accounts, accessOf } = await buildRecipes(t)
  const reply = await post('/admin/users/1/impersonate', {}, await accessOf(ADA))
  const { access } = reply.json()
  const urls = ['/me/totp', '/me/passkeys/options']
  for (const url of urls) t.equal((await post(url, {}, access)).statusCode, 403, url)
  const change = await post('/me/password', { current: PASSWORD, next: NEXT }, access)
  t.equal(change.statusCode, 403)
  const before = accounts.find(2)?.passwordHash
  t.equal(accounts.find(1)?.passwordHash, before, 'both have the same hash still')
  t.equal((await post('/admin/users/2/impersonate', {}, access)).statusCode, 403)
})

t.test('no user acts as an administrator', async t => {
  const { post, accounts, accessOf } = await buildRecipes(t)
  accounts.add('grace@app.example', { role: 'admin' })
  const access = await accessOf(ADA)
  t.equal((await post('/admin/users/4/impersonate', {}, access)).statusCode, 404)
  t.equal((await post('/admin/users/9/impersonate', {}, access)).statusCode, 404)
})

t.test('a user logs in again before changing how the user logs in', async t => {
  holdClock(t)
  const { post, login } = await buildRecipes(t)
  const { refresh } = (await login(VITOR)).json()
  mock.timers.setTime(START + 10 * MINUTE)
  const pair = (await post('/api/token/refresh/', { refresh })).json()
  for (const url of ['/me/totp', '/me/passkeys/options']) {
    t.equal((await post(url, {}, pair.access)).statusCode, 200)
  }
  mock.timers.setTime(START + 10 * MINUTE + SECOND)
  const { access } = (await post('/api/token/refresh/', pair)).json()
  for (const url of ['/me/totp', '/me/passkeys/options']) {
    const reply = await post(url, {}, access)
    t.equal(reply.statusCode, 403)
    t.match(reply.json(), { code: 'login_again' })
  }
})
