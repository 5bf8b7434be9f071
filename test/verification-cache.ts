import t from 'tap'
import type { AccessClaims } from '../plugin/claims.ts'
import { createVerificationCache } from '../plugin/verification-cache.ts'
import { START } from './fixtures/app.ts'
import { accessClaims } from './fixtures/jwt.ts'

const claims = accessClaims() as unknown as AccessClaims
const EXPIRES = claims.exp * 1000

t.test('claims are found by the whole text of their token', async t => {
  const cache = createVerificationCache(10, 0)
  cache.set('header.payload.signature', claims)
  t.equal(cache.get('header.payload.signature', START), claims)
  for (const other of ['header.payload.signaturE', 'header.payload', 'header.payload.signature ', '', '__proto__', 'constructor']) t.equal(cache.get(other, START), undefined, other)
})

t.test('a token is dead at the very second of its exp', async t => {
  const cache = createVerificationCache(10, 0)
  cache.set('token', claims)
  t.equal(cache.get('token', EXPIRES - 1), claims)
  t.equal(cache.get('token', EXPIRES), undefined)
})

t.test('leeway lets it live on', async t => {
  const cache = createVerificationCache(10, 30_000)
  cache.set('token', claims)
  t.equal(cache.get('token', EXPIRES + 29_999), claims)
  t.equal(cache.get('token', EXPIRES + 30_000), undefined)
})

t.test('the token that was used least recently leaves first', async t => {
  const cache = createVerificationCache(2, 0)
  cache.set('one', claims)
  cache.set('two', claims)
  cache.get('one', START)
  cache.set('three', claims)
  t.same(['one', 'two', 'three'].map(token => cache.get(token, START) === claims), [true, false, true])
})

t.test('cleared, it knows no token', async t => {
  const cache = createVerificationCache(2, 0)
  cache.set('one', claims)
  cache.clear()
  t.equal(cache.get('one', START), undefined)
})

t.test('a cache of no entries keeps nothing', async t => {
  const cache = createVerificationCache(0, 0)
  cache.set('one', claims)
  cache.clear()
  t.equal(cache.get('one', START), undefined)
})
