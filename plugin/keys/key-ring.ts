import type { KeyObject } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import fastifyJwt, { type JWT } from '@fastify/jwt'
import { type SignerSync, createSigner } from 'fast-jwt'
import { type Algorithm, algorithmNamed } from './algorithms.ts'
import { type PublicJwk, publicJwk } from './jwk.ts'
import { type Key, canSign, isSecret } from './key-options.ts'
import { type SignatureCheck, signatureCheck } from './signatures.ts'

/** The header `typ` of a token. */
export type TokenTyp = 'JWT' | 'at+jwt'

type Sign = (payload: object, typ: TokenTyp) => string

/** The parts of a token that choose its key and prove its signature. All are hostile. */
export interface SignedText {
  readonly header: { readonly alg: string, readonly kid: string | undefined }
  readonly signed: string
  readonly signature: Buffer
}

/** The keys of one registration. */
export interface KeyRing {
  /** Signs with the first key that can. Default `typ`: JWT. @throws Error if none can */
  sign(payload: object, typ?: TokenTyp): string
  /** Returns whether a key for such a token made its signature, with the algorithm of the key. */
  verify(token: SignedText): boolean
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

const signerOptions = ({ kid, algorithm }: Key, typ: TokenTyp) =>
  kid === undefined ? { algorithm, typ } : { algorithm, typ, kid }

/** The key that signs, in the form that the library takes. */
const signingKey = (key: Key): string | Buffer =>
  isSecret(key)
    ? key.secret
    : (key.privateKey as KeyObject).export({ type: 'pkcs8', format: 'pem' })

/** The option `secret` of @fastify/jwt, which requires a public key. */
const jwtSecret = (key: Key) =>
  isSecret(key)
    ? key.secret
    : {
        private: signingKey(key),
        public: key.publicKey.export({ type: 'spki', format: 'pem' })
      }

/**
 * Builds the ring. The first key that can sign signs through @fastify/jwt, in a separate scope. The
 * scope gets a `jwt` decorator first: so it works whether the host registers @fastify/jwt before,
 * after or never.
 */
export async function createKeyRing (
  app: FastifyInstance, keys: readonly Key[]
): Promise<KeyRing> {
  const key = keys.find(canSign)
  if (key === undefined) return ring(keys, undefined)
  let jwt: JWT | undefined
  await app.register(async scope => {
    scope.decorate('jwt', Object.create(null))
    await scope.register(fastifyJwt, {
      namespace: 'key',
      secret: jwtSecret(key),
      sign: signerOptions(key, 'JWT'),
      verify: { algorithms: [key.algorithm] }
    })
    jwt = (scope.jwt as unknown as { key: JWT }).key
  })
  // @fastify/jwt builds a signer for each call that names a `typ`.
  const signAtJwt = createSignerOf(key, 'at+jwt')
  return ring(keys, (payload, typ) =>
    typ === 'JWT' ? (jwt as JWT).sign(payload) : signAtJwt(payload))
}

/** Fastify registers no plugin after start. A later key gets its signer from fast-jwt directly. */
function laterSign (key: Key): Sign {
  const signers = { JWT: createSignerOf(key, 'JWT'), 'at+jwt': createSignerOf(key, 'at+jwt') }
  return (payload, typ) => signers[typ](payload)
}

/** Builds the signer at its first token, once. */
function createSignerOf (key: Key, typ: TokenTyp): (payload: object) => string {
  let sign: typeof SignerSync | undefined
  return payload => {
    sign ??= createSigner({ ...signerOptions(key, typ), key: signingKey(key) as string })
    return sign(payload as Record<string, unknown>)
  }
}

/** Verifies with one key. */
interface Verifier { algorithm: Algorithm, isSignature: SignatureCheck }

interface Index {
  byKid: Map<string, Verifier[]>
  byAlgorithm: Map<string, Verifier[]>
  publicKeys: PublicJwk[]
}

function indexed (keys: readonly Key[]): Index {
  const index: Index = {
    byKid: new Map(),
    byAlgorithm: new Map(),
    publicKeys: keys.flatMap(key => !isSecret(key) && key.publish
      ? [publicJwk(key.publicKey, key.kid as string, key.algorithm)]
      : [])
  }
  const add = (map: Map<string, Verifier[]>, name: string, verifier: Verifier) =>
    map.set(name, [...map.get(name) ?? [], verifier])
  for (const key of keys) {
    const verifier = { algorithm: key.algorithm, isSignature: signatureCheck(key) }
    if (key.kid !== undefined) add(index.byKid, key.kid, verifier)
    add(index.byAlgorithm, key.algorithm, verifier)
  }
  return index
}

const NONE: readonly Verifier[] = []

function ring (keys: readonly Key[], firstSign: Sign | undefined): KeyRing {
  let index = indexed(keys)
  let sign = firstSign
  /** A kid selects exactly its key. While no key has a kid, it is ignored. */
  const candidates = (alg: Algorithm | undefined, kid: string | undefined): readonly Verifier[] =>
    (kid === undefined || index.byKid.size === 0
      ? index.byAlgorithm.get(alg as string)
      : index.byKid.get(kid)) ?? NONE
  return {
    sign: (payload, typ = 'JWT') => {
      if (sign === undefined) throw new Error('fastify-simplejwt: no signing key is configured.')
      return sign(payload, typ)
    },
    verify: ({ header: { alg, kid }, signed, signature }) => {
      const named = algorithmNamed(alg)
      return candidates(named, kid).some(({ algorithm, isSignature }) =>
        algorithm === named && isSignature(signed, signature))
    },
    knows: (alg, kid) => candidates(algorithmNamed(alg), kid).length > 0,
    replace: keys => {
      const key = keys.find(canSign)
      index = indexed(keys)
      sign = key && laterSign(key)
    },
    publicKeys: () => index.publicKeys
  }
}
