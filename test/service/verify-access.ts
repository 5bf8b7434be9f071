import t from 'tap'
import { MINUTE, buildApp } from '../fixtures/app.ts'
import { accessClaims, decode, refreshClaims, sign } from '../fixtures/tokens/jwt.ts'

t.test('verifyAccess: returns the frozen claims of an access token', async t => {
  const { app, login } = await buildApp(t)
  const { access } = await login()
  const claims = await app.tokens.verifyAccess(access)
  t.match(claims, { token_type: 'access', user_id: '1' })
  t.ok(Object.isFrozen(claims))
})

t.test('verifyAccess: rejects every other token, and what is not a token', async t => {
  const { app, login, clock } = await buildApp(t)
  const { access, refresh } = await login()
  for (const token of [
    refresh, sign(refreshClaims()),
    sign(accessClaims(), undefined, 'another secret of thirty-two byte'),
    'x', '', undefined, null, 7, {}, [access]
  ]) {
    await t.rejects(app.tokens.verifyAccess(token as string), {
      name: 'SimpleJwtError', statusCode: 401, code: 'token_not_valid'
    })
  }
  clock.advance(5 * MINUTE)
  await t.rejects(app.tokens.verifyAccess(access), { message: 'Token is expired' })
})

t.test('verifyAccess: rejects the token of a revoked session', async t => {
  for (const revocation of ['list', 'store'] as const) {
    const { app, login } = await buildApp(t, { revocation })
    const { access } = await login()
    await app.tokens.revokeUser(1)
    await t.rejects(app.tokens.verifyAccess(access), { message: 'Token is blacklisted' })
  }
})

t.test('verifyAccess: throws a 403 for the token of an OAuth client', async t => {
  for (const revocation of ['list', 'store'] as const) {
    const { app, login } = await buildApp(t, { revocation })
    const { payload } = decode((await login()).access)
    const token = sign({ ...payload, client_id: 'photo-printer', scope: 'photos:read' })
    await t.rejects(app.tokens.verifyAccess(token), {
      name: 'SimpleJwtError',
      statusCode: 403,
      code: 'permission_denied',
      headers: { 'www-authenticate': 'Bearer realm="api", error="insufficient_scope"' }
    })
    await app.tokens.revokeUser(1)
    await t.rejects(app.tokens.verifyAccess(token), { message: 'Token is blacklisted' })
  }
})

t.test('verify: refuses the access token of an OAuth client', async t => {
  const { app, login } = await buildApp(t)
  const { payload } = decode((await login()).access)
  const token = sign({ ...payload, client_id: 'photo-printer', scope: 'photos:read' })
  await t.rejects(app.tokens.verify(token), { statusCode: 401, message: 'Token has wrong type' })
})

t.test('isLive: tells a live session from a revoked, expired or unknown one', async t => {
  const { app, login, clock } = await buildApp(t)
  const sidOf = async (): Promise<string> =>
    (await app.tokens.verifyAccess((await login()).access)).sid as string
  const [revoked, other] = [await sidOf(), await sidOf()]
  t.equal(await app.tokens.isLive(revoked), true)
  await app.tokens.revokeSession(revoked)
  t.equal(await app.tokens.isLive(revoked), false)
  t.equal(await app.tokens.isLive(other), true)
  t.equal(await app.tokens.isLive('unknown'), false)
  clock.advance(24 * 60 * MINUTE)
  t.equal(await app.tokens.isLive(other), false)
})
