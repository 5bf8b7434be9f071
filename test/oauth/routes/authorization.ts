import t from 'tap'
import { MINUTE, SECOND } from '../../fixtures/app.ts'
import { AUDIENCE, ISSUER } from '../../fixtures/oauth/authorization-server.ts'
import { bearer, codeOf, openConsentPage } from '../../fixtures/oauth/consent-page.ts'
import { WEB_CALLBACK } from '../../fixtures/oauth/server.ts'
import { decode } from '../../fixtures/tokens/jwt.ts'

t.test('details: shows the app and its scopes to a visitor', async t => {
  const { ask, details } = await openConsentPage(t)
  const reply = await details(await ask({ scope: 'photos:write photos:read unknown' }))
  t.equal(reply.statusCode, 200)
  t.equal(reply.headers['cache-control'], 'no-store')
  t.strictSame(reply.json(), {
    client: { id: 'photo-printer', name: 'Photo Printer', trusted: false },
    scopes: [
      { name: 'photos:write', description: 'Change your photos' },
      { name: 'photos:read', description: 'See your photos' }
    ],
    resource: AUDIENCE,
    loopback: false,
    redirect_host: 'print.example'
  })
})

t.test('details: shows what the app says of the login', async t => {
  const { ask, details } = await openConsentPage(t)
  const parameters = {
    redirect_uri: 'http://127.0.0.1:53219/callback',
    prompt: 'login',
    max_age: '60',
    login_hint: 'vitor',
    ui_locales: 'de en'
  }
  t.match((await details(await ask(parameters))).json(), {
    redirect_host: '127.0.0.1:53219',
    loopback: true,
    prompt: 'login',
    max_age: 60,
    login_hint: 'vitor',
    ui_locales: 'de en'
  })
})

t.test('details: with the token of a user also says whether to ask', async t => {
  const { ask, details, decide, exchange, login, app } = await openConsentPage(t)
  const { access } = await login()
  const text = await ask()
  t.equal((await details(text, access)).json().asks, true)
  const code = codeOf(await decide(text, access))
  t.equal((await details(text, access)).json().asks, true, 'a code that waits')
  await exchange(code)
  t.equal((await details(text, access)).json().asks, false)
  const maria = await login('maria', '456')
  t.equal((await details(text, maria.access)).json().asks, true, 'another user')

  await app.oauth.disconnect(1, 'photo-printer')
  t.equal((await details(text, access)).json().asks, true, 'the user has disconnected the app')
  t.equal((await details(text, 'bad')).statusCode, 401)
})

t.test('details: a HEAD request and a path without the last slash are good', async t => {
  const { ask, app } = await openConsentPage(t)
  const query = { authorization: await ask() }
  const head = await app.inject({ method: 'HEAD', url: '/oauth/authorization/', query })
  t.equal(head.statusCode, 200)
  t.equal((await app.inject({ url: '/oauth/authorization', query })).statusCode, 200)
})

t.test('decision: answers the URL of the app with a code', async t => {
  const { ask, decide, login, exchange, events } = await openConsentPage(t)
  const reply = await decide(await ask(), (await login()).access)
  t.equal(reply.statusCode, 200)
  t.equal(reply.headers['cache-control'], 'no-store')
  t.same(Object.keys(reply.json()), ['redirect_to'])
  const url = new URL(reply.json().redirect_to)
  t.equal(url.origin + url.pathname, WEB_CALLBACK)
  t.equal(url.searchParams.get('iss'), ISSUER)
  t.match(events.at(-1), {
    type: 'authorized', userId: '1', clientId: 'photo-printer', address: '127.0.0.1'
  })
  t.equal((await exchange(codeOf(reply))).statusCode, 200)
})

t.test('decision: the user may take scopes away, and give none', async t => {
  const { ask, decide, login } = await openConsentPage(t)
  const { access } = await login()
  const text = await ask({ scope: 'photos:read photos:write' })
  const less = await decide(text, access, { scopes: ['photos:read'] })
  t.equal(decode(codeOf(less)).payload.scope, 'photos:read')
  const more = await decide(text, access, { scopes: ['photos:read', 'reports:write'] })
  t.equal(more.statusCode, 400)
  t.same(Object.keys(more.json()), ['scopes'])
})

t.test('decision: a denial goes to the app, and starts no session', async t => {
  const { ask, decide, login, app, events } = await openConsentPage(t)
  const reply = await decide(await ask(), (await login()).access, { allow: false })
  t.equal(reply.statusCode, 200)
  t.equal(new URL(reply.json().redirect_to).searchParams.get('error'), 'access_denied')
  t.equal((await app.tokens.sessions(1)).length, 1)
  t.match(events.at(-1), {
    type: 'authorization_denied', userId: '1', clientId: 'photo-printer', address: '127.0.0.1'
  })
})

t.test('decision: the time of the login is that of its session', async t => {
  const { ask, decide, login, clock, post } = await openConsentPage(t)
  const loggedInAt = clock.time
  const { refresh } = await login()
  clock.advance(4 * MINUTE)
  const { access } = (await post('/api/token/refresh/', { refresh })).json()
  const reply = await decide(await ask(), access)
  t.equal(decode(codeOf(reply)).payload.auth_time, loggedInAt / 1000, 'not that of the refresh')
})

t.test('decision: prompt=login and max_age require a login, which then counts', async t => {
  for (const parameters of [{ prompt: 'login' }, { max_age: '60' }, { max_age: '0' }]) {
    const { ask, decide, login, clock } = await openConsentPage(t)
    const { access } = await login()
    clock.advance(2 * MINUTE)
    const text = await ask(parameters)
    const reply = await decide(text, access)
    t.equal(reply.statusCode, 403)
    t.strictSame(reply.json(), {
      detail: 'The app asks for a fresh login. Log in again.', code: 'login_required'
    })
    t.equal((await decide(text, access, { allow: false })).statusCode, 200, 'a denial needs none')
    clock.advance(SECOND)
    const again = await login()
    clock.advance(4 * MINUTE)
    t.equal((await decide(text, again.access)).statusCode, 200, JSON.stringify(parameters))
  }
})

t.test('decision: names each member of a bad body', async t => {
  const { ask, decide, login } = await openConsentPage(t)
  const { access } = await login()
  const text = await ask()
  for (const [body, fields] of [
    [{ authorization: undefined }, ['authorization']],
    [{ authorization: 1, allow: 'true' }, ['authorization', 'allow']],
    [{ allow: undefined }, ['allow']],
    [{ allow: 1 }, ['allow']],
    [{ allow: null, scopes: 'photos:read' }, ['allow', 'scopes']],
    [{ scopes: null }, ['scopes']],
    [{ scopes: [1] }, ['scopes']]
  ] as const) {
    const reply = await decide(text, access, body)
    t.equal(reply.statusCode, 400, JSON.stringify(body))
    t.same(Object.keys(reply.json()), fields)
  }
  const list = await decide(text, access, {}, { payload: [text] })
  t.strictSame(list.json(),
    { non_field_errors: ['Invalid data. Expected a dictionary, but got list.'] })
  const inherited = await decide(text, access, {}, {
    payload: `{"__proto__":{"authorization":"${text}","allow":true}}`,
    headers: { 'content-type': 'application/json' }
  })
  t.same(Object.keys(inherited.json()), ['authorization', 'allow'])
})

t.test('decision: a body that cannot be read is a 400 in the form of the core', async t => {
  const { decide, login } = await openConsentPage(t)
  const { access } = await login()
  const reply = await decide('', access, {}, {
    payload: '{', headers: { ...bearer(access), 'content-type': 'application/json' }
  })
  t.equal(reply.statusCode, 400)
  t.equal(reply.json().detail, 'JSON parse error - The body is not valid JSON.')
})
