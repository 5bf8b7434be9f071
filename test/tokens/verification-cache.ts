import t from 'tap'
import type { AccessClaims } from '../../plugin/tokens/claims.ts'
import { createVerificationCache } from '../../plugin/tokens/verification-cache.ts'
import { START } from '../fixtures/app.ts'
import { accessClaims } from '../fixtures/tokens/jwt.ts'
import { remember } from '../fixtures/tokens/remember.ts'

const claims = accessClaims() as unknown as AccessClaims
const EXPIRES = claims.exp * 1000

t.test('claims are found by the whole text of their token', async t => {
  const cache = createVerificationCache(10, 0)
  remember(cache, 'header.payload.signature', claims)
  t.equal(cache.get('header.payload.signature', START), claims)
  for (const other of [
    'header.payload.signaturE', 'header.payload', 'header.payload.signature ', '', '__proto__',
    'constructor'
  ]) {
    t.equal(cache.get(other, START), undefined, other)
  }
})

t.test('cache: counts hits, misses and entries', async t => {
  const cache = createVerificationCache(10, 0)
  t.strictSame(cache.statistics(), { hits: 0, misses: 0, entries: 0 })
  remember(cache, 'Bearer header.payload.signature', claims)
  const { hits, misses } = cache.statistics()
  cache.get('Bearer header.payload.signature', START)
  cache.get('Bearer header.payload.signature', START)
  cache.get('Bearer header.payload.another', START)
  cache.get('Bearer header.payload.signature', EXPIRES)
  t.strictSame(cache.statistics(), { hits: hits + 2, misses: misses + 2, entries: 1 })
  t.strictSame(
    createVerificationCache(0, 0).statistics(),
    { hits: 0, misses: 0, entries: 0 },
    'without a cache there is nothing to count'
  )
})

t.test('a token enters when it comes for the second time', async t => {
  const cache = createVerificationCache(10, 0)
  cache.set('Bearer one', claims)
  t.equal(cache.get('Bearer one', START), undefined)
  cache.set('Bearer two', claims)
  cache.set('Bearer one', claims)
  t.equal(cache.get('Bearer one', START), claims)
  t.equal(cache.get('Bearer two', START), undefined)
})

t.test('cache: learns all of 1000 recurring tokens within 50 rounds', async t => {
  const cache = createVerificationCache(2000, 0)
  const tokens = Array.from(
    { length: 1000 }, (_, index) => `Bearer header.payload.${String(index).padStart(8, '0')}x`
  )
  const unknown = (): number => tokens.filter(token => cache.get(token, START) === undefined).length
  for (let round = 0; round < 2; round++) {
    for (const token of tokens) if (cache.get(token, START) === undefined) cache.set(token, claims)
  }
  t.ok(unknown() < 500, `${unknown()} are not known after two rounds`)
  for (let round = 0; round < 48; round++) {
    for (const token of tokens) if (cache.get(token, START) === undefined) cache.set(token, claims)
  }
  t.equal(unknown(), 0)
})

t.test('cache: a flood of single-use tokens evicts no entry', async t => {
  const cache = createVerificationCache(10, 0)
  const users = Array.from({ length: 10 }, (_, index) => `Bearer header.payload.signature${index}x`)
  for (const user of users) remember(cache, user, claims)
  for (let count = 0; count < 10_000; count++) {
    cache.set(`Bearer header.payload.${String(count).padStart(10, '0')}x`, claims)
  }
  t.same(users.map(user => cache.get(user, START) === claims), users.map(() => true))
})

t.test('a token is dead at the very second of its exp', async t => {
  const cache = createVerificationCache(10, 0)
  remember(cache, 'token', claims)
  t.equal(cache.get('token', EXPIRES - 1), claims)
  t.equal(cache.get('token', EXPIRES), undefined)
})

t.test('cache: keeps a token for the leeway after its exp', async t => {
  const cache = createVerificationCache(10, 30_000)
  remember(cache, 'token', claims)
  t.equal(cache.get('token', EXPIRES + 29_999), claims)
  t.equal(cache.get('token', EXPIRES + 30_000), undefined)
})

t.test('the token that was used least recently leaves first', async t => {
  const cache = createVerificationCache(2, 0)
  remember(cache, 'one', claims)
  remember(cache, 'two', claims)
  cache.get('one', START)
  remember(cache, 'three', claims)
  t.same(
    ['one', 'two', 'three'].map(token => cache.get(token, START) === claims), [true, false, true]
  )
})

t.test('clear: removes each token', async t => {
  const cache = createVerificationCache(2, 0)
  remember(cache, 'one', claims)
  cache.clear()
  t.equal(cache.get('one', START), undefined)
})

t.test('a cache of no entries keeps nothing', async t => {
  const cache = createVerificationCache(0, 0)
  remember(cache, 'one', claims)
  cache.clear()
  t.equal(cache.get('one', START), undefined)
})

t.test('cache: accepts any size, and allocates at most 16 MiB up front', async t => {
  const before = process.memoryUsage().arrayBuffers
  const cache = createVerificationCache(Number.MAX_SAFE_INTEGER, 0)
  t.ok(process.memoryUsage().arrayBuffers - before <= 2 ** 24)
  remember(cache, 'one', claims)
  t.equal(cache.get('one', START), claims)
})

t.test('cache: a token evicts another one with the same ending', async t => {
  const cache = createVerificationCache(10, 0)
  const [one, two] = ['one', 'two'].map(name => `${name}.${'x'.repeat(100)}`) as [string, string]
  remember(cache, one, claims)
  t.equal(cache.get(two, START), undefined)
  remember(cache, two, { ...claims, user_id: '2' })
  t.equal(cache.get(two, START)?.user_id, '2')
  t.equal(cache.get(one, START), undefined)
})

t.test('cache: never returns the claims of another token in a million look-ups', async t => {
  const cache = createVerificationCache(16, 0)
  const users = Array.from({ length: 64 }, (_, index) => String(index))
  // Some end alike in all the characters that an entry is looked for by.
  const tokens = users.map(
    user => `header.${user}.${'s'.repeat(40)}${Number(user) % 8 === 0 ? '' : user.padStart(4, '0')}`
  )
  let seed = 1
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
    return Math.floor(seed / 65_536) % below
  }
  let [found, wrong] = [0, 0]
  for (let count = 0; count < 1_000_000; count++) {
    const index = random(users.length)
    const token = tokens[index] as string
    const known = cache.get(token, START)
    if (known === undefined) cache.set(token, { ...claims, user_id: users[index] as string })
    else if (known.user_id === users[index]) found++
    else wrong++
  }
  t.equal(wrong, 0)
  t.ok(found > 100_000, `${found} were found`)
})
