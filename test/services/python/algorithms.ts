import { type KeyObject, createPrivateKey, createPublicKey, createSecretKey } from 'node:crypto'
import { SignJWT, jwtVerify } from 'jose'
import t from 'tap'
import { type Algorithm, ALGORITHMS } from '../../../plugin/keys/algorithms.ts'
import { generateKey } from '../../../plugin/keys/generate-key.ts'
import type { Jwk } from '../../../plugin/keys/jwk.ts'
import type { KeyInput } from '../../../plugin/keys/key-options.ts'
import { START } from '../../fixtures/app.ts'
import { buildHost } from '../../fixtures/host.ts'
import { accessClaims, decode } from '../../fixtures/tokens/jwt.ts'
import { skipUnlessPyJwt, startPyJwt } from '../../fixtures/servers/pyjwt.ts'

/** One key, in the forms that the plugin, jose and PyJWT take it in. */
interface TestKey {
  kid: string
  input: KeyInput
  signing: KeyObject
  verifying: KeyObject
  signingText: string
  verifyingText: string
}

function createKey (algorithm: Algorithm): TestKey {
  const jwk = generateKey(algorithm)
  const kid = jwk.kid as string
  if (jwk.kty === 'oct') {
    // PyJWT takes a secret as text, so it has to be some.
    const text = jwk.k as string
    const key = createSecretKey(Buffer.from(text))
    return {
      kid,
      input: { kid, algorithm, secret: text } as KeyInput,
      signing: key,
      verifying: key,
      signingText: text,
      verifyingText: text
    }
  }
  const signing = createPrivateKey({ key: jwk as Jwk, format: 'jwk' })
  const verifying = createPublicKey(signing)
  return {
    kid,
    input: { algorithm, privateKey: jwk } as KeyInput,
    signing,
    verifying,
    signingText: signing.export({ type: 'pkcs8', format: 'pem' }).toString(),
    verifyingText: verifying.export({ type: 'spki', format: 'pem' }).toString()
  }
}

const at = new Date(START)

for (const algorithm of Object.keys(ALGORITHMS) as Algorithm[]) {
  t.test(algorithm, async t => {
    const key = createKey(algorithm)
    const { app, login, get } = await buildHost(t, {
      options: { keys: [key.input] },
      after: app => {
        app.get('/hello/', { onRequest: app.authenticate }, async request => request.user.user_id)
      }
    })
    const { access, refresh } = await login()

    t.test('a login works from end to end, and its tokens name the key', async t => {
      t.same(decode(access).header, { alg: algorithm, typ: 'JWT', kid: key.kid })
      t.equal((await get('/hello/', access)).body, '1')
      const refreshed = await app.inject({
        method: 'POST',
        url: '/api/token/refresh/',
        payload: { refresh }
      })
      t.equal(refreshed.statusCode, 200)
      t.equal((await get('/hello/', refreshed.json().access)).statusCode, 200)
    })

    t.test('jose verifies our tokens, and its are verified here', async t => {
      const { payload, protectedHeader } = await jwtVerify(access, key.verifying, {
        algorithms: [algorithm],
        currentDate: at
      })
      t.same(payload, decode(access).payload)
      t.equal(protectedHeader.kid, key.kid)
      for (const header of [
        { alg: algorithm, kid: key.kid },
        { alg: algorithm },
        { alg: algorithm, typ: 'at+jwt' }
      ]) {
        const token = await new SignJWT(accessClaims()).setProtectedHeader(header).sign(key.signing)
        t.equal((await get('/hello/', token)).statusCode, 200)
      }
    })

    t.test('PyJWT and the guard accept the same tokens', { skip: skipUnlessPyJwt() }, async t => {
      const pyjwt = startPyJwt(t)
      t.same(await pyjwt.verify(algorithm, key.verifyingText, access), decode(access).payload)
      t.match(
        await pyjwt.verify(
          algorithm, key.verifyingText, refresh.replace(/[^.]*$/, access.split('.')[2] as string)
        ),
        { refused: 'InvalidSignatureError' }
      )
      const token = await pyjwt.sign(algorithm, key.signingText, accessClaims())
      t.equal((await get('/hello/', token)).statusCode, 200)
    })

    t.test(
      'the keys that are published verify our tokens',
      { skip: ALGORITHMS[algorithm].kty === 'oct' && 'a secret is never published' },
      async t => {
        const { keys: [published] } = (await app.inject('/.well-known/jwks.json')).json()
        t.notOk(Object.hasOwn(published, 'd'))
        const { payload } = await jwtVerify(
          access,
          createPublicKey({ key: published, format: 'jwk' }),
          { algorithms: [algorithm], currentDate: at }
        )
        t.equal(payload.user_id, '1')
      }
    )
  })
}
