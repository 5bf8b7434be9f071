import t from 'tap'
import { nameRegistration, registrationOf } from '../../plugin/service/registration-of.ts'
import { createTokenService } from '../../plugin/service/token-service.ts'
import { buildApp } from '../fixtures/app.ts'
import { buildRegistration } from '../fixtures/registration.ts'

t.test('registrationOf: returns the registration of an app.tokens', async t => {
  const [first, second] = [await buildRegistration(t), await buildRegistration(t)]
  const tokens = createTokenService(first.registration)
  const others = createTokenService(second.registration)
  t.equal(registrationOf(tokens), first.registration)
  t.equal(registrationOf(others), second.registration)
  const given = {}
  nameRegistration(given, first.registration)
  t.equal(registrationOf(given), first.registration)
})

t.test('registrationOf: a scope inherits that of its parent', async t => {
  const { app } = await buildApp(t)
  await app.register(async scope => {
    t.equal(registrationOf(scope.tokens), registrationOf(app.tokens))
    t.type(registrationOf(scope.tokens)?.tokens.mintForClient, 'function')
  })
})

t.test('registrationOf: returns undefined for another value', async t => {
  const { app } = await buildApp(t)
  for (const other of [undefined, null, {}, 'tokens', 7, { ...app.tokens }]) {
    t.equal(registrationOf(other), undefined)
  }
})
