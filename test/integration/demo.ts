import t from 'tap'
import { failDemo, startDemo } from '../fixtures/servers/demo.ts'

t.test('the other routes of the demo', async t => {
  const { url, log } = await startDemo(t, { ISSUER: 'https://demo.example', AUDIENCE: 'demo' })
  t.match(await (await fetch(`${url}/`)).text(), '<!doctype html>')
  t.strictSame(await (await fetch(`${url}/healthz`)).json(), { status: 'ok' })
  t.equal((await fetch(`${url}/me/`)).status, 401)
  const login = await fetch(`${url}/api/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"username":"vitor","password":"123"}'
  })
  const { access } = await login.json() as { access: string }
  await fetch(`${url}/hello/`, { headers: { 'x-request-id': 'of nobody that is trusted' } })
  t.strictSame(
    await (await fetch(`${url}/me`, { headers: { authorization: `Bearer ${access}` } })).json(),
    { id: 1, username: 'vitor' }
  )
  t.match(JSON.parse(Buffer.from(access.split('.')[1] as string, 'base64url').toString()), {
    iss: 'https://demo.example',
    aud: 'demo'
  })
  t.ok(log.some(line => line.includes('JWT_SECRET is not set')), 'a made-up secret is warned of')
  t.notOk(log.some(line => line.includes('of nobody that is trusted')))
})

t.test('neither a token nor a password is in the log', async t => {
  const { url, log, stop } = await startDemo(t, { LOG_LEVEL: 'trace' })
  const post = async (path: string, body: object) =>
    (
      await fetch(url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body)
      })
    ).json() as Promise<{ access: string, refresh: string }>
  const { access, refresh } = await post('/api/token/', { username: 'vitor', password: '123' })
  await post('/api/token/', { username: 'vitor', password: 'hunter2 hunter2' })
  await post('/api/token/refresh/', { refresh: access })
  await fetch(`${url}/hello/`, { headers: { authorization: `Bearer ${refresh}` } })
  await stop()
  const text = log.join('\n')
  for (const secret of [
    access, refresh, refresh.split('.')[2] as string, 'hunter2', 'argon2', '    at '
  ]) {
    t.notOk(text.includes(secret))
  }
  t.match(text, 'simplejwt login_failed')
})

t.test('each request has an id in the log, its own or that of a trusted proxy', async t => {
  const { url, log, stop } = await startDemo(t, { TRUST_PROXY: '127.0.0.1' })
  await fetch(`${url}/hello/`)
  await fetch(`${url}/hello/`, { headers: { 'x-request-id': '5eed5eed' } })
  await fetch(`${url}/hello/`, { headers: { 'x-request-id': 'more than a name, such as "this"' } })
  await stop()
  const ids = log.map(line => JSON.parse(line).reqId).filter(id => id !== undefined)
  const [own, given, another, ...more] = new Set(ids)
  t.match(own, /^[0-9a-f-]{36}$/)
  t.equal(given, '5eed5eed')
  t.match(another, /^[0-9a-f-]{36}$/)
  t.same(more, [])
})

t.test('with COOKIE=on the refresh token is in a cookie, for pages of the demo itself', async t => {
  const { url } = await startDemo(t, { COOKIE: 'on' })
  const post = (path: string, headers: Record<string, string>, body?: object): Promise<Response> =>
    fetch(url + path, {
      method: 'POST',
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) })
    })
  const login = await post('/api/token/', { origin: url }, { username: 'vitor', password: '123' })
  t.strictSame(Object.keys(await login.json() as object), ['access'])
  const cookie = login.headers.getSetCookie()[0]?.split(';')[0] as string
  t.match(cookie, /^__Host-refresh=/)
  t.equal(
    (await post('/api/token/refresh/', { origin: 'https://evil.example', cookie })).status, 403
  )
  const refreshed = await post('/api/token/refresh/', { origin: url, cookie })
  t.strictSame(Object.keys(await refreshed.json() as object), ['access'])
  t.match(refreshed.headers.getSetCookie(), [/^__Host-refresh=/])
})

t.test('SIGTERM ends the server with exit code 0', async t => {
  const { stop } = await startDemo(t)
  t.equal(await stop('SIGTERM'), 0)
})

t.test('a bad value stops the start by its name', async t => {
  t.strictSame(await failDemo({ ACCESS_TOKEN_LIFETIME: 'soon' }), {
    code: 1,
    said:
      'The demo server did not start: ACCESS_TOKEN_LIFETIME must be a number of seconds or a ' +
      'duration such as 5m or 1d\n'
  })
})
