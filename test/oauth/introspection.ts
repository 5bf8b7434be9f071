import t from 'tap'
import { memoryStore } from '../../plugin/stores/memory.ts'
import { MINUTE, START } from '../fixtures/app.ts'
import { API, ISSUER, buildTokenApp } from '../fixtures/oauth/token-app.ts'
import { introspect, tokenOfReport } from '../fixtures/oauth/token-management.ts'
import { decode } from '../fixtures/tokens/jwt.ts'
import { signAs } from '../fixtures/tokens/keys.ts'

const MCP = 'https://id.example/mcp'
const INACTIVE = { active: false }

t.test('introspection: shows the access token of an app, and no custom claim', async t => {
  const { app, tokens } = await buildTokenApp(t, {}, { claims: () => ({ plan: 'free' }) })
  const { access_token: access } = await tokens({ scope: 'photos:read photos:write' })
  const { payload: { sid, jti, plan } } = decode(access)
  t.equal(plan, 'free')
  t.strictSame(await introspect(app, access), {
    active: true,
    token_type: 'Bearer',
    iss: ISSUER,
    sub: '1',
    aud: API,
    exp: (START + 5 * MINUTE) / 1000,
    iat: START / 1000,
    jti,
    client_id: 'photo-printer',
    scope: 'photos:read photos:write',
    sid,
    auth_time: START / 1000
  })
})

t.test('introspection: shows the access token of a user, without a client', async t => {
  for (const userIdClaim of ['user_id', 'sub', 'uid']) {
    const claims = () => ({ role: 'admin' })
    const { app, login } = await buildTokenApp(t, { userIdClaim, claims })
    const { access } = await login()
    const { payload: { sid, jti } } = decode(access)
    t.strictSame(await introspect(app, access), {
      active: true,
      token_type: 'Bearer',
      iss: ISSUER,
      sub: '1',
      aud: API,
      exp: (START + 5 * MINUTE) / 1000,
      iat: START / 1000,
      jti,
      sid
    }, userIdClaim)
  }
})

t.test('introspection: shows the scope of a user\'s own token only as a text', async t => {
  for (const [scope, shown] of [['photos:read', 'photos:read'], [['photos:read'], undefined]]) {
    const { app, login } = await buildTokenApp(t, { claims: () => ({ scope, auth_time: 'x' }) })
    const { access } = await login()
    const answer = await introspect(app, access)
    t.equal(answer.active, true)
    t.equal(answer.scope, shown)
    t.notOk('auth_time' in answer)
  }
})

t.test('introspection: shows the token of a client, without a user and a session', async t => {
  const { app } = await buildTokenApp(t)
  const token = await tokenOfReport(app, { scope: 'reports:write' })
  t.strictSame(await introspect(app, token), {
    active: true,
    token_type: 'Bearer',
    iss: ISSUER,
    sub: 'nightly-report',
    aud: API,
    exp: (START + 5 * MINUTE) / 1000,
    iat: START / 1000,
    jti: decode(token).payload.jti,
    client_id: 'nightly-report',
    scope: 'reports:write'
  })
})

t.test('introspection: the resource of a token is one of the server', async t => {
  const store = memoryStore()
  const { app, tokens } = await buildTokenApp(t, { store }, { resources: ['urn:x:files', MCP] })
  const { access_token: access } = await tokens({ resource: MCP })
  const ofReport = await tokenOfReport(app, { resource: MCP })
  t.match(await introspect(app, access), { active: true, aud: MCP })
  t.match(await introspect(app, ofReport), { active: true, aud: MCP })
  const without = await buildTokenApp(t, { store })
  for (const token of [access, ofReport]) {
    t.strictSame(await introspect(without.app, token), INACTIVE)
  }
})

t.test('introspection: a token of another server has no session here', async t => {
  const { app, login } = await buildTokenApp(t)
  const { payload: { sid, iat, ...foreign } } = decode((await login()).access)
  const token = signAs('ES256', { ...foreign, aud: [API, 'https://django.example'] })
  const answer = await introspect(app, token)
  t.match(answer, { active: true, sub: '1', aud: [API, 'https://django.example'] })
  t.notOk('sid' in answer || 'iat' in answer)
})
