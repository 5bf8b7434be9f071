import { sign } from 'node:crypto'
import { SignJWT } from 'jose'
import t from 'tap'
import { createRemoteKeys } from '../../plugin/keys/remote-jwks.ts'
import { START, buildApp } from '../fixtures/app.ts'
import { createLogLines } from '../fixtures/log-lines.ts'
import {
  bothRings, createPair, createRing, inputOf, pairOf, resolved, verified
} from '../fixtures/tokens/keys.ts'
import { accessClaims } from '../fixtures/tokens/jwt.ts'

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const { privateKey } = pairOf('EdDSA')

function signed (alg: string, payload: object, kid?: string, key = privateKey): string {
  const input = `${encode({ alg, typ: 'JWT', kid })}.${encode(payload)}`
  return `${input}.${sign(null, Buffer.from(input), key).toString('base64url')}`
}

t.test('Ed25519 and EdDSA verify with the same key and no other', async t => {
  for (const [when, ring] of await bothRings(
    t, inputOf('EdDSA', 'a'), inputOf('ES256', 'b'), inputOf('HS256', 'c')
  )) {
    for (const alg of ['EdDSA', 'Ed25519']) {
      for (const kid of ['a', undefined]) {
        t.same(verified(ring, signed(alg, { n: 1 }, kid)), { n: 1 }, `${alg}, ${when}`)
        t.ok(ring.knows(alg, kid))
      }
      t.equal(verified(ring, signed(alg, { n: 1 }, 'b')), undefined)
      const other = signed(alg, { n: 1 }, 'a', createPair('EdDSA').privateKey)
      t.equal(verified(ring, other), undefined)
      const token = signed(alg, { n: 1 }, 'a')
      for (const bad of [token.slice(0, -8), token.replace(encode({ n: 1 }), encode({ n: 2 }))]) {
        t.equal(verified(ring, bad), undefined)
      }
    }
    for (const alg of ['Ed448', 'ed25519', 'none']) {
      t.equal(verified(ring, signed(alg, { n: 1 }, 'a')), undefined, alg)
      t.notOk(ring.knows(alg, undefined))
    }
    t.match(Buffer.from(ring.sign({}).split('.')[0] as string, 'base64url').toString(), '"EdDSA"')
  }
})

t.test('the guard takes a token of jose with the name of RFC 9864', async t => {
  const { hello } = await buildApp(t, { keys: [inputOf('EdDSA', 'a')] })
  for (const alg of ['Ed25519', 'EdDSA']) {
    const token = await new SignJWT(accessClaims({ iat: START / 1000 }))
      .setProtectedHeader({ alg, kid: 'a', typ: 'JWT' }).sign(privateKey)
    t.equal((await hello(token)).statusCode, 200, alg)
    t.equal((await hello(`${token.slice(0, -4)}AAAA`)).statusCode, 401)
  }
  t.equal((await hello(signed('Ed448', accessClaims(), 'a'))).statusCode, 401)
})

t.test('a token with Ed25519 and an unknown kid lets the issuer be asked', async t => {
  let fetches = 0
  const ring = await createRing(t, inputOf('ES256', 'z'))
  const remote = createRemoteKeys({
    fetchKeys: async () => {
      fetches++
      return { keys: resolved(inputOf('EdDSA', 'a')) as never, maxAge: 1000 }
    },
    ring,
    changed: () => {},
    log: createLogLines().log as never
  })
  t.after(() => { remote.stop() })
  await remote.ring.missing?.('Ed25519', 'a')
  t.equal(fetches, 1)
  t.equal(remote.ring.missing?.('Ed25519', 'a'), undefined)
  t.equal(remote.ring.missing?.('Ed448', 'b'), undefined)
})
