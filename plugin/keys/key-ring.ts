import type { FastifyInstance } from 'fastify'
import fastifyJwt, { type JWT } from '@fastify/jwt'
import { type SignerSync, createSigner, createVerifier } from 'fast-jwt'
import { type Algorithm, algorithmNamed } from './algorithms.ts'
import { verifyEd25519 } from './ed25519.ts'
import { type PublicJwk, publicJwk } from './jwk.ts'
import { type Key, type PairKey, canSign, isSecret } from './key-options.ts'

/** The header `typ` of a token. */
export type TokenTyp = 'JWT' | 'at+jwt'

/** Signs and verifies with one key. `verify` throws for a token of another key. */
interface KeyCodec {
  key: Key
  sign(payload: object, typ: TokenTyp): string
  verify(token: string): { payload: unknown }
}

/** The keys of one registration. */
export interface KeyRing {
  /** Signs with the first key that can. Default `typ`: JWT. @throws Error if none can */
  sign(payload: object, typ?: TokenTyp): string
  /**
   * Returns the payload of a token with a good signature, or undefined. `alg` and `kid` come from
   * the token and are hostile.
   */
  verify(token: string, alg: string, kid: string | undefined): unknown
  /**
   * Returns whether a key for such a token is here: the key of its kid, or one of its algorithm.
   */
  knows(alg: string, kid: string | undefined): boolean
  /**
   * Only in a ring that follows an issuer. Returns undefined if the key of such a token is here, or
   * cannot be published at all. Otherwise resolves after fetching the issuer's keys. Rejects with a
   * `SimpleJwtError` (503) if the issuer does not answer.
   */
  missing?(alg: string, kid: string | undefined): Promise<void> | undefined
  /** Replaces all keys. Refuses tokens of a dropped key from then on. */
  replace(keys: readonly Key[]): void
  /** The public keys of the key pairs that are to be published. */
  publicKeys(): readonly PublicJwk[]
}

/** We check the clock and the claims. The library checks only the signature and the algorithm. */
const verifierOptions = ({ algorithm }: Key) =>
  ({ algorithms: [algorithm], complete: true, ignoreExpiration: true, ignoreNotBefore: true })

const signerOptions = ({ kid, algorithm }: Key, typ: TokenTyp) =>
  kid === undefined ? { algorithm, typ } : { algorithm, typ, kid }

/** The key in the forms that the library takes: bytes of a secret, PEM of a key pair. */
interface KeyForms { signing: string | Buffer | undefined, verifying: string | Buffer }

function keyForms (key: Key): KeyForms {
  if (isSecret(key)) return { signing: key.secret, verifying: key.secret }
  return {
    signing: key.privateKey?.export({ type: 'pkcs8', format: 'pem' }),
    verifying: key.publicKey.export({ type: 'spki', format: 'pem' })
  }
}

/** The option `secret` of @fastify/jwt. */
function jwtSecret (key: Key) {
  if (isSecret(key)) return key.secret
  const { signing, verifying } = keyForms(key)
  return signing === undefined ? { public: verifying } : { private: signing, public: verifying }
}

/**
 * Builds the ring on @fastify/jwt, one namespace for each key, in a separate scope. The scope gets
 * a `jwt` decorator first: so it works whether the host registers @fastify/jwt before, after or
 * never.
 */
export async function createKeyRing (
  app: FastifyInstance, keys: readonly Key[]
): Promise<KeyRing> {
  const codecs: KeyCodec[] = []
  await app.register(async scope => {
    scope.decorate('jwt', Object.create(null))
    for (const [index, key] of keys.entries()) {
      const namespace = `key${index}`
      await scope.register(fastifyJwt, {
        namespace,
        secret: jwtSecret(key),
        sign: signerOptions(key, 'JWT'),
        verify: verifierOptions(key)
      })
      const jwt = (scope.jwt as unknown as Record<string, JWT>)[namespace] as JWT
      // @fastify/jwt builds a signer for each call that names a `typ`.
      const signAtJwt = createSignerOf(key, 'at+jwt')
      codecs.push({
        key,
        sign: (payload, typ) => typ === 'JWT' ? jwt.sign(payload) : signAtJwt(payload),
        verify: token => jwt.verify(token)
      })
    }
  })
  return ring(codecs)
}

/** Fastify registers no plugin after start. A later key gets its codec from fast-jwt directly. */
function createCodec (key: Key): KeyCodec {
  const signers = { JWT: createSignerOf(key, 'JWT'), 'at+jwt': createSignerOf(key, 'at+jwt') }
  const verify = createVerifier({ ...verifierOptions(key), key: keyForms(key).verifying })
  return {
    key,
    sign: (payload, typ) => signers[typ](payload),
    verify: token => verify(token) as unknown as { payload: unknown }
  }
}

/** Builds the signer at its first token, once: a key that only verifies has none. */
function createSignerOf (key: Key, typ: TokenTyp): (payload: object) => string {
  let sign: typeof SignerSync | undefined
  return payload => {
    sign ??= createSigner({ ...signerOptions(key, typ), key: keyForms(key).signing as string })
    return sign(payload as Record<string, unknown>)
  }
}

interface Index {
  signer: KeyCodec | undefined
  byKid: Map<string, KeyCodec[]>
  byAlgorithm: Map<string, KeyCodec[]>
  publicKeys: PublicJwk[]
}

function indexed (codecs: readonly KeyCodec[]): Index {
  const index: Index = {
    signer: codecs.find(({ key }) => canSign(key)),
    byKid: new Map(),
    byAlgorithm: new Map(),
    publicKeys: codecs.flatMap(({ key }) => !isSecret(key) && key.publish
      ? [publicJwk(key.publicKey, key.kid as string, key.algorithm)]
      : [])
  }
  const add = (map: Map<string, KeyCodec[]>, name: string, codec: KeyCodec) =>
    map.set(name, [...map.get(name) ?? [], codec])
  for (const codec of codecs) {
    if (codec.key.kid !== undefined) add(index.byKid, codec.key.kid, codec)
    add(index.byAlgorithm, codec.key.algorithm, codec)
  }
  return index
}

const NONE: readonly KeyCodec[] = []

function ring (codecs: readonly KeyCodec[]): KeyRing {
  let index = indexed(codecs)
  /** A kid selects exactly its key. While no key has a kid, it is ignored. */
  const candidates = (alg: Algorithm | undefined, kid: string | undefined): readonly KeyCodec[] =>
    (kid === undefined || index.byKid.size === 0
      ? index.byAlgorithm.get(alg as string)
      : index.byKid.get(kid)) ?? NONE
  return {
    sign: (payload, typ = 'JWT') => {
      if (index.signer === undefined) {
        throw new Error('fastify-simplejwt: no signing key is configured.')
      }
      return index.signer.sign(payload, typ)
    },
    verify: (token, alg, kid) => {
      const algorithm = algorithmNamed(alg)
      for (const codec of candidates(algorithm, kid)) {
        if (codec.key.algorithm !== algorithm) continue
        try {
          return alg === algorithm
            ? codec.verify(token).payload
            : verifyEd25519(token, (codec.key as PairKey).publicKey).payload
        } catch {
          // Another key's token. Clients get one answer for every reason: "Token is invalid".
        }
      }
      return undefined
    },
    knows: (alg, kid) => candidates(algorithmNamed(alg), kid).length > 0,
    replace: keys => { index = indexed(keys.map(createCodec)) },
    publicKeys: () => index.publicKeys
  }
}
