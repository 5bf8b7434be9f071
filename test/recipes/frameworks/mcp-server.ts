import { mock } from 'node:test'
import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import type { OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js'
import { decodeJwt } from 'jose'
import t, { type Test } from 'tap'
import { type McpHost, createMcpHost, textOf } from '../../fixtures/oauth/mcp-host.ts'
import { type Decision, goThrough, logIn } from '../../fixtures/oauth/person.ts'
import { bearer } from '../../fixtures/recipes/bearer.ts'
import { MINUTE, START, holdClock } from '../../fixtures/recipes/clock.ts'
import {
  type McpApp, PHOTOS_OF_VITOR, PHOTO_OF_MARIA, openMcpApp
} from '../../fixtures/recipes/mcp-app.ts'

interface Place extends McpApp, McpHost {
  /** Has a person allow the request of the host, and connects. */
  login(decision?: Decision): Promise<Client>
}

/** The error of the SDK once the user must log in. */
const UNAUTHORIZED = { message: 'Unauthorized' }

/** An MCP server, and a host on this machine, at any port. */
async function open (t: Test): Promise<Place> {
  holdClock(t)
  const app = await openMcpApp(t)
  const host = createMcpHost(t, app.url, {
    clientId: 'terminal', redirectUrl: 'http://127.0.0.1:53219/callback', issuer: app.origin
  })
  const login: Place['login'] = async decision =>
    host.finish(await goThrough(await host.loginUrl(), decision))
  return { ...app, ...host, login }
}

const sessionsOf = (origin: string, access: string, method = 'GET'): Promise<Response> =>
  fetch(`${origin}/api/token/sessions/`, { method, headers: bearer(access) })

t.test('MCP: a host goes from a 401 to a tool that knows the user', async t => {
  const { url, saved, loginUrl, finish } = await open(t)
  const target = await loginUrl()
  t.match(Object.fromEntries(target.searchParams), {
    client_id: 'terminal', code_challenge_method: 'S256', scope: 'photos:read', resource: url
  })
  const client = await finish(await goThrough(target))
  t.same((await client.listTools()).tools.map(({ name }) => name), ['list_photos', 'delete_photo'])
  t.equal(await textOf(client, 'list_photos'), PHOTOS_OF_VITOR.join('\n'))
  t.match(decodeJwt(saved.tokens?.access_token as string), {
    aud: url, client_id: 'terminal', scope: 'photos:read'
  })
})

t.test('MCP: no argument selects another user', async t => {
  const { login, photos } = await open(t)
  const client = await login({ scopes: ['photos:read'] })
  for (const name of ['user_id', 'userId', 'user', 'sub']) {
    t.equal(await textOf(client, 'list_photos', { [name]: '2' }), PHOTOS_OF_VITOR.join('\n'), name)
  }
  t.same(photos.of('2'), [PHOTO_OF_MARIA])
})

t.test('MCP: two users see their photos, and no more', async t => {
  const place = await open(t)
  const vitor = await place.login()
  const host = createMcpHost(t, place.url, {
    clientId: 'mcp-inspector',
    redirectUrl: 'http://localhost:6274/oauth/callback',
    issuer: place.origin
  })
  const maria = await host.finish(
    await goThrough(await host.loginUrl(), { username: 'maria', password: '456' }))
  const both = await Promise.all([vitor, maria].map(client => textOf(client, 'list_photos')))
  t.same(both, [PHOTOS_OF_VITOR.join('\n'), PHOTO_OF_MARIA])
})

t.test('MCP: the host refreshes once the access token has expired', async t => {
  const { login, saved } = await open(t)
  const client = await login()
  const first = saved.tokens as OAuthTokens
  mock.timers.setTime(START + 6 * MINUTE)
  t.equal(await textOf(client, 'list_photos'), PHOTOS_OF_VITOR.join('\n'))
  t.not(saved.tokens?.refresh_token, first.refresh_token)
  t.not(saved.tokens?.access_token, first.access_token)
})

t.test('MCP: "log out everywhere" ends the access of the host', async t => {
  const { origin, login, saved } = await open(t)
  const client = await login()
  const own = await logIn(origin)
  const sessions = await (await sessionsOf(origin, own)).json() as { client_id: string | null }[]
  t.ok(sessions.some(session => session.client_id === 'terminal'), 'the user sees the host')
  saved.target = undefined
  t.equal((await sessionsOf(origin, own, 'DELETE')).status, 204)
  await t.rejects(textOf(client, 'list_photos'), UNAUTHORIZED)
  t.not(saved.target, undefined, 'the user must log in again')
})

t.test('MCP: a tool that needs more names all scopes of the call', async t => {
  const { login, connect, saved, photos, finish } = await open(t)
  const title = PHOTOS_OF_VITOR[0] as string
  await t.rejects(textOf(await login(), 'delete_photo', { title }), { code: 403 },
    'the SDK refreshes, which brings no scope')
  t.same(photos.of('1'), PHOTOS_OF_VITOR)

  t.comment('without a refresh token it asks the user')
  const { refresh_token: _, ...tokens } = saved.tokens as OAuthTokens
  saved.tokens = tokens
  await t.rejects(textOf(await connect(), 'delete_photo', { title }), UNAUTHORIZED)
  t.equal(saved.target?.searchParams.get('scope'), 'photos:read photos:write')
  const more = await finish(await goThrough(saved.target as URL))
  t.equal(await textOf(more, 'delete_photo', { title }), `Deleted ${title}.`)
  t.same(photos.of('1'), PHOTOS_OF_VITOR.slice(1))
  await t.rejects(textOf(more, 'delete_photo', { title: PHOTO_OF_MARIA }), /There is no photo/)
  t.same(photos.of('2'), [PHOTO_OF_MARIA])
})

t.test('MCP: the denial of the user gives no code', async t => {
  const { loginUrl, finish, saved } = await open(t)
  const callback = await goThrough(await loginUrl(), { allow: false })
  t.equal(callback.searchParams.get('error'), 'access_denied')
  await t.rejects(finish(callback), /no code/)
  t.equal(saved.tokens, undefined)
})
