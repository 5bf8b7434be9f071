import t from 'tap'
import { refuseUnclaimable } from '../../plugin/service/claim-values.ts'
import { buildApp } from '../fixtures/app.ts'

t.test('refuseUnclaimable: accepts what JSON keeps or leaves out as such', async t => {
  const shared = { a: 1 }
  for (const claims of [
    {}, { a: 1, b: 'x', c: true, d: null, e: undefined, f: NaN }, { a: [1, [2]], b: { c: {} } },
    { a: shared, b: shared, c: [shared, shared] }, Object.create(null), { toJSON: 'a string' },
    { 'a.b': 1, '': 2 }
  ]) {
    t.doesNotThrow(() => { refuseUnclaimable(claims) })
  }
})

t.test('refuseUnclaimable: names the claim that JSON would change or drop', async t => {
  const cyclic: Record<string, unknown> = { inner: {} }
  cyclic.inner = { again: cyclic }
  class Model { password = 'hash'; toJSON () { return { role: 'admin' } } }
  const cases: [claims: object, message: RegExp][] = [
    [{ role: () => 'admin' }, /the claim "role" is a function\. Return data only\.$/],
    [{ since: new Date() }, /"since" has a toJSON method, as a Date has\. Return a number or/],
    [{ a: { b: [0, { c: new Date() }] } }, /the claim "a\.b\.1\.c" has a toJSON method/],
    [{ a: [class {}] }, /the claim "a\.0" is a function/],
    [{ url: new URL('http://a') }, /the claim "url" has a toJSON method/],
    [{ bytes: Buffer.from('a') }, /the claim "bytes" has a toJSON method/],
    [{ a: { toJSON: () => 1 } }, /the claim "a" has a toJSON method/],
    [{ toJSON: () => ({}) }, /the result of claims\(\) has a toJSON method/],
    [new Model(), /the result of claims\(\) has a toJSON method/],
    [{ model: new Model() }, /the claim "model" has a toJSON method/],
    [{ id: 1n }, /the claim "id" is a bigint\. Return a number or a string\.$/],
    [{ a: Symbol('x') }, /the claim "a" is a symbol/],
    [cyclic, /the claim "inner\.again" contains itself/]
  ]
  for (const [claims, message] of cases) {
    t.throws(() => { refuseUnclaimable(claims) }, { name: 'TypeError', message }, String(message))
  }
})

t.test('login: a claim that JSON would change starts no session', async t => {
  for (const value of [new Date(0), () => 1, { toJSON: () => 'admin' }]) {
    const { app, login } = await buildApp(t, { claims: () => ({ deep: [{ value }] }) })
    t.match(await login(), { statusCode: 500, message: /the claim "deep\.0\.value"/ })
    t.same(await app.tokens.sessions(1), [])
    await t.rejects(app.tokens.issue({ id: 1 }), { name: 'TypeError' })
  }
})

t.test('refresh: a claim that JSON would change leaves the token unspent', async t => {
  let value: unknown = 1
  const { post, login } = await buildApp(t, {
    claims: () => ({ value }), findUser: () => ({ id: 1 }), reuseInterval: 0
  })
  const { refresh } = await login()
  value = new Date(0)
  t.equal((await post('/api/token/refresh/', { refresh })).statusCode, 500)
  value = 2
  t.equal((await post('/api/token/refresh/', { refresh })).statusCode, 200)
})
