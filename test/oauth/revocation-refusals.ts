import t from 'tap'
import type { LightMyRequestResponse } from 'fastify'
import { memoryStore } from '../../plugin/stores/memory.ts'
import { DAY, MINUTE } from '../fixtures/app.ts'
import { API, type TokenApp, buildTokenApp } from '../fixtures/oauth/token-app.ts'
import {
  REPORT_BASIC, photosStatus, postRevoke, tokenOfReport
} from '../fixtures/oauth/token-management.ts'
import { decode } from '../fixtures/tokens/jwt.ts'
import { createPair, signAs } from '../fixtures/tokens/keys.ts'

const MCP = 'https://id.example/mcp'
const FILES = 'https://files.example'

/** The answer to a token that is good no more, whatever it was. */
const isDone = (reply: LightMyRequestResponse): boolean =>
  reply.statusCode === 200 && reply.body === '{}'

/** The events of revocations. */
const endings = ({ events }: TokenApp) =>
  events.filter(({ type }) => type === 'revoked' || type === 'reuse_detected')

t.test('revocation: another client revokes nothing, and learns nothing', async t => {
  const built = await buildTokenApp(t)
  const { app } = built
  const granted = await built.tokens()
  const ofReport = await tokenOfReport(app)
  for (const token of [granted.access_token, granted.refresh_token]) {
    t.ok(isDone(await postRevoke(app, { token }, REPORT_BASIC)))
    t.ok(isDone(await postRevoke(app, { token, client_id: 'terminal' }, null)))
  }
  t.ok(isDone(await postRevoke(app, { token: ofReport })), 'also of a token without a session')
  t.equal(await photosStatus(app, granted.access_token), 200)
  t.equal((await built.refresh(granted.refresh_token)).statusCode, 200)
  t.same(endings(built), [])
})

t.test('revocation: a token of client credentials is unsupported_token_type', async t => {
  const { app } = await buildTokenApp(t, {}, { resources: [MCP] })
  for (const resource of [API, MCP]) {
    const token = await tokenOfReport(app, { resource })
    const refused = await postRevoke(app, { token }, REPORT_BASIC)
    t.equal(refused.statusCode, 400)
    t.strictSame(refused.json(), {
      error: 'unsupported_token_type',
      error_description:
        'An access token of client credentials cannot be revoked. It expires by itself.'
    })
  }
})

t.test('revocation: the resource of an access token is one of the server', async t => {
  const store = memoryStore()
  const built = await buildTokenApp(t, { store }, { resources: [FILES, MCP] })
  const { access_token: access, refresh_token: refresh } = await built.tokens({ resource: MCP })
  t.equal(decode(access).payload.aud, MCP)
  const elsewhere = await buildTokenApp(t, { store }, { resources: [FILES] })
  t.ok(isDone(await postRevoke(elsewhere.app, { token: access })))
  t.equal((await built.refresh(refresh)).statusCode, 200, 'not for a server without the resource')
  t.ok(isDone(await postRevoke(built.app, { token: access })))
  t.equal((await built.refresh(refresh)).json().error, 'invalid_grant')
})

t.test('revocation: a user\'s own tokens, codes and bad tokens revoke nothing', async t => {
  const built = await buildTokenApp(t)
  const { app } = built
  const own = await built.login()
  const code = await built.obtainCode()
  const granted = await built.tokens()
  const { payload: access } = decode(granted.access_token)
  const { payload: grant } = decode(granted.refresh_token)
  const { privateKey } = createPair('ES256')
  for (const [name, token] of Object.entries({
    'an own access token': own.access,
    'an own refresh token': own.refresh,
    'a code': code,
    'no JWT': 'tGzv3JOkF0XG5Qx2TlKWIA',
    'a wrong signature': signAs('ES256', access, {}, privateKey),
    'a wrong signature of a refresh token': signAs('ES256', grant, {}, privateKey),
    'another issuer': signAs('ES256', { ...access, iss: 'https://evil.example' }),
    'another audience': signAs('ES256', { ...access, aud: FILES }),
    'a refresh token for another server': signAs('ES256', { ...grant, aud: API }),
    'a session that does not exist': signAs('ES256', { ...grant, sid: 'x' }),
    'an access token of no session here': signAs('ES256', { ...access, sid: 'x' }),
    'an access token without a session': signAs('ES256', { ...access, sid: undefined }),
    'another kind': signAs('ES256', { ...access, token_type: 'refresh' })
  })) t.ok(isDone(await postRevoke(app, { token })), name)
  t.same(endings(built), [])
  t.equal((await app.tokens.sessions(1)).length, 3)
  t.equal((await built.exchange(code)).statusCode, 200)
})

t.test('revocation: an expired token revokes nothing', async t => {
  const built = await buildTokenApp(t)
  const { app, clock } = built
  const { access_token: access, refresh_token: first } = await built.tokens()
  clock.advance(5 * MINUTE)
  t.ok(isDone(await postRevoke(app, { token: access })))
  const { refresh_token: next } = (await built.refresh(first)).json()
  clock.advance(30 * DAY - 5 * MINUTE)
  t.ok(isDone(await postRevoke(app, { token: first })))
  t.same(endings(built), [])
  t.equal((await built.refresh(next)).statusCode, 200)
})

t.test('revocation: a session that has ended by itself is not reported', async t => {
  const store = memoryStore()
  const built = await buildTokenApp(t, { store })
  const { refresh_token: first } = await built.tokens()
  const shorter = await buildTokenApp(t, { store, now: built.clock }, {
    refreshTokenLifetime: '1h'
  })
  await shorter.refresh(first)
  built.clock.advance(DAY)
  t.ok(isDone(await postRevoke(built.app, { token: first })))
  t.same(endings(built), [])
})
