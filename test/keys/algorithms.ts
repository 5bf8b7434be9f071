import t from 'tap'
import { ALGORITHMS, algorithmNamed, isAlgorithm } from '../../plugin/keys/algorithms.ts'

t.test('the algorithms are those of RFC 7518 section 3.1 that sign, and EdDSA', async t => {
  t.same(Object.keys(ALGORITHMS), [
    'HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256',
    'ES384', 'ES512', 'EdDSA'
  ])
  for (const name of Object.keys(ALGORITHMS)) t.ok(isAlgorithm(name), name)
})

t.test('nothing else is one, least of all none', async t => {
  for (const name of [
    'none',
    'None',
    'hs256',
    'HS256 ',
    'HS1',
    'ES256K',
    'Ed25519',
    'RSA1_5',
    'RSA-OAEP',
    'A128KW',
    'dir',
    '',
    'constructor',
    '__proto__',
    'toString',
    undefined,
    null,
    256,
    true,
    ['HS256'],
    { toString: () => 'HS256' }
  ]) {
    t.notOk(isAlgorithm(name), String(name))
  }
})

t.test('algorithmNamed: reads Ed25519 (RFC 9864) as EdDSA, and no other name', async t => {
  for (const name of Object.keys(ALGORITHMS)) t.equal(algorithmNamed(name), name)
  t.equal(algorithmNamed('Ed25519'), 'EdDSA')
  for (const name of ['Ed448', 'ed25519', 'ED25519', 'Ed25519 ', 'none', '', undefined, 1, {}]) {
    t.equal(algorithmNamed(name), undefined, String(name))
  }
})
