import type { FastifyInstance } from 'fastify'
import t from 'tap'
import type { OAuthClient } from '../../plugin/oauth/index.ts'
import {
  AUDIENCE, type Changes, GOOD, ISSUER, askAuthorize, authorizationOf, buildAuthorizeApp
} from '../fixtures/oauth/authorize-app.ts'
import { RFC_7636_PKCE } from '../fixtures/oauth/pkce.ts'
import { PRINTER } from '../fixtures/oauth/server.ts'

const MORE = 'https://mcp.example/mcp'
const gallery = { client_id: 'gallery', redirect_uri: undefined }
const { challenge } = RFC_7636_PKCE

const { app, clock } = await buildAuthorizeApp(t, { oauth: { resources: [MORE] } })

t.test('authorize: signs what it has checked for the consent page', async t => {
  const { statusCode, headers } = await askAuthorize(app, {
    scope: 'photos:write unknown photos:read photos:read',
    resource: MORE,
    nonce: 'n',
    prompt: 'login',
    max_age: '60',
    login_hint: 'vitor',
    ui_locales: 'pt-BR en',
    unknown: 'x',
    response_mode: 'query'
  })
  t.equal(statusCode, 303)
  t.match(headers.location, /^\/connect\?authorization=eyJ[\w.-]+$/)
  const { jti, ...claims } = authorizationOf(headers.location)
  t.match(jti, /^[0-9a-f]{32}$/)
  t.same(claims, {
    token_type: 'authorization',
    iss: ISSUER,
    aud: `${ISSUER}/oauth/token`,
    iat: clock() / 1000,
    exp: clock() / 1000 + 600,
    client_id: 'photo-printer',
    scope: 'photos:write photos:read',
    resource: MORE,
    redirect_uri: GOOD.redirect_uri,
    state: GOOD.state,
    code_challenge: challenge,
    nonce: 'n',
    prompt: 'login',
    max_age: 60,
    login_hint: 'vitor',
    ui_locales: 'pt-BR en'
  })
})

t.test('authorize: takes the only redirect URI, all defaults and no more', async t => {
  const { headers } = await askAuthorize(app, { ...gallery, state: undefined, max_age: '0' })
  const claims = authorizationOf(headers.location)
  t.match(claims, {
    redirect_uri: 'https://gallery.example/cb?from=login',
    resource: AUDIENCE,
    max_age: 0
  })
  for (const name of ['state', 'nonce', 'prompt', 'login_hint', 'ui_locales']) {
    t.notOk(name in claims, name)
  }
})

t.test('authorize: takes any port of a loopback URI, and answers it as it was', async t => {
  const uri = 'http://127.0.0.1:53219/callback'
  const terminal = { client_id: 'terminal', redirect_uri: uri }
  const { headers } = await askAuthorize(app, terminal)
  t.equal(authorizationOf(headers.location).redirect_uri, uri)
  const refused = await askAuthorize(app, { ...terminal, scope: 'unknown' })
  t.ok(refused.headers.location?.startsWith(`${uri}?error=invalid_scope&`))
})

/** Returns the text that the consent page gets. */
async function textOf (app: FastifyInstance, changes: Changes = {}): Promise<string> {
  const { headers } = await askAuthorize(app, changes)
  return new URL(String(headers.location), ISSUER).searchParams.get('authorization') as string
}

const NOT_VALID = {
  statusCode: 400,
  code: 'authorization_not_valid',
  body: {
    detail: 'The authorization request is invalid or expired. Start again from the app.',
    code: 'authorization_not_valid'
  }
}

t.test('authorization: is read back as it was signed', async t => {
  const { app } = await buildAuthorizeApp(t)
  const text = await textOf(app, { scope: 'photos:write photos:read', max_age: '5' })
  t.match(await app.oauth.read(text), {
    client: { id: 'photo-printer' },
    scopes: [{ name: 'photos:write' }, { name: 'photos:read' }],
    resource: AUDIENCE,
    redirectHost: 'print.example',
    maxAge: 5
  })
  const answer = new URL(await app.oauth.deny(text))
  t.equal(`${answer.origin}${answer.pathname}`, GOOD.redirect_uri)
  t.equal(answer.searchParams.get('state'), GOOD.state)
})

t.test('authorization: expires after ten minutes', async t => {
  const { app, clock } = await buildAuthorizeApp(t)
  const text = await textOf(app)
  clock.advance(599_000)
  t.ok(await app.oauth.read(text))
  clock.advance(1000)
  await t.rejects(app.oauth.read(text), NOT_VALID)
})

t.test('authorization: refuses any other text', async t => {
  const { app } = await buildAuthorizeApp(t)
  const text = await textOf(app)
  const [header, payload, signature] = text.split('.') as [string, string, string]
  const [, other] = (await textOf(app, { scope: 'photos:write' })).split('.')
  const code = new URL(await app.oauth.approve(text, { id: 1 }, { authTime: 0 }))
  for (const given of [
    undefined, null, 1, '', 'x', `${text}.`, `${header}.${payload}.`, `${header}.${other}.${signature}`,
    code.searchParams.get('code')
  ]) {
    await t.rejects(app.oauth.read(given as string), NOT_VALID, String(given))
  }
})

t.test('authorization: is of one registration of the plugin', async t => {
  const { app } = await buildAuthorizeApp(t)
  const { app: other } = await buildAuthorizeApp(t, { oauth: { prefix: '/other' } })
  await t.rejects(other.oauth.read(await textOf(app)), NOT_VALID)
})

t.test('authorization: follows changes of the client', async t => {
  const PRO = { ...PRINTER, id: 'printer-pro' }
  let client: OAuthClient | null = PRO
  const { app } = await buildAuthorizeApp(t, { oauth: { findClient: () => client } })
  const text = await textOf(app, { client_id: 'printer-pro', scope: 'photos:read photos:write' })
  client = { ...PRO, scopes: ['photos:write'] }
  t.match((await app.oauth.read(text)).scopes, [{ name: 'photos:write' }])
  for (const changed of [
    null,
    { ...PRO, redirectUris: ['https://other.example/'] },
    { ...PRO, scopes: ['reports:write'] },
    { ...PRO, grants: ['client_credentials' as const] }
  ]) {
    client = changed
    await t.rejects(app.oauth.read(text), NOT_VALID, JSON.stringify(changed))
  }
})

t.test('authorization: follows changes of the resources', async t => {
  const { app } = await buildAuthorizeApp(t, { oauth: { resources: [MORE] } })
  const { app: later } = await buildAuthorizeApp(t)
  t.ok(await later.oauth.read(await textOf(app)))
  await t.rejects(later.oauth.read(await textOf(app, { resource: MORE })), NOT_VALID)
})
