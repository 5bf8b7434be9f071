import type { FastifyInstance } from 'fastify'
import fastifyJwt, { type JWT } from '@fastify/jwt'
import { createSigner, createVerifier } from 'fast-jwt'
import { type PublicJwk, publicJwk } from './jwk.ts'
import { type Key, canSign, isSecret } from './key-options.ts'

/** What signs and verifies with one key. `verify` throws for a token that is not this key's. */
interface Codec {
  key: Key
  sign(payload: object): string
  verify(token: string): { payload: unknown }
}

/** The keys of one registration. */
export interface KeyRing {
  /** Signs with the first key that can. @throws Error if none can */
  sign(payload: object): string
  /** The payload of a token whose signature is good, or undefined. `alg` and `kid` are the token's own words: hostile. */
  verify(token: string, alg: string, kid: string | undefined): unknown
  /** Whether there is a key that settles what such a token is: the one of its kid, or one of its algorithm if it has none. */
  knows(alg: string, kid: string | undefined): boolean
  /**
   * Only of a ring that is filled with the keys of another server. Undefined if those that are here settle what such a token
   * is, else a promise for the moment when they do. It rejects with a `SimpleJwtError` (503) if the other server cannot be asked.
   */
  missing?(alg: string, kid: string | undefined): Promise<void> | undefined
  /** Puts other keys in place of all that there are. Tokens of a dropped key are refused from then on. */
  replace(keys: readonly Key[]): void
  /** The public keys of the key pairs. */
  publicKeys(): readonly PublicJwk[]
}

/** The clock is ours and so are the claims: the library checks the signature and the algorithm alone. */
const verifierOptions = ({ algorithm }: Key) =>
  ({ algorithms: [algorithm], complete: true, ignoreExpiration: true, ignoreNotBefore: true })

const signerOptions = ({ kid, algorithm }: Key) => kid === undefined ? { algorithm } : { algorithm, kid }

/** The forms that the library takes: bytes of a secret, PEM of a key pair. */
function material (key: Key): { private: string | Buffer | undefined, public: string | Buffer } {
  if (isSecret(key)) return { private: key.secret, public: key.secret }
  return {
    private: key.privateKey?.export({ type: 'pkcs8', format: 'pem' }),
    public: key.publicKey.export({ type: 'spki', format: 'pem' })
  }
}

/**
 * Builds the ring on @fastify/jwt, one namespace a key, in a scope of its own. The scope gets a `jwt` of its own first, so
 * that nothing reaches a host which uses @fastify/jwt itself, whichever of the two is registered first.
 */
export async function createKeyRing (app: FastifyInstance, keys: readonly Key[]): Promise<KeyRing> {
  const codecs: Codec[] = []
  await app.register(async scope => {
    scope.decorate('jwt', Object.create(null))
    for (const [index, key] of keys.entries()) {
      const namespace = `key${index}`
      const { private: signing, public: verifying } = material(key)
      const secret = signing === undefined ? { public: verifying } : isSecret(key) ? signing : { private: signing, public: verifying }
      await scope.register(fastifyJwt, { namespace, secret, sign: signerOptions(key), verify: verifierOptions(key) })
      const jwt = (scope.jwt as unknown as Record<string, JWT>)[namespace] as JWT
      codecs.push({ key, sign: payload => jwt.sign(payload), verify: token => jwt.verify(token) })
    }
  })
  return ring(codecs)
}

/** Fastify takes no plugins once it runs: a key that arrives then gets its codec from the library below @fastify/jwt. */
function codecAtRunTime (key: Key): Codec {
  const { private: signing, public: verifying } = material(key)
  const sign = signing === undefined ? undefined : createSigner({ ...signerOptions(key), key: signing })
  const verify = createVerifier({ ...verifierOptions(key), key: verifying })
  return { key, sign: payload => sign?.(payload as Record<string, unknown>) as string, verify: token => verify(token) as unknown as { payload: unknown } }
}

interface Index { signer: Codec | undefined, byKid: Map<string, Codec[]>, byAlgorithm: Map<string, Codec[]>, publicKeys: PublicJwk[] }

function indexed (codecs: readonly Codec[]): Index {
  const index: Index = {
    signer: codecs.find(({ key }) => canSign(key)),
    byKid: new Map(),
    byAlgorithm: new Map(),
    publicKeys: codecs.flatMap(({ key }) => isSecret(key) ? [] : [publicJwk(key.publicKey, key.kid as string, key.algorithm)])
  }
  const add = (map: Map<string, Codec[]>, name: string, codec: Codec) => map.set(name, [...map.get(name) ?? [], codec])
  for (const codec of codecs) {
    if (codec.key.kid !== undefined) add(index.byKid, codec.key.kid, codec)
    add(index.byAlgorithm, codec.key.algorithm, codec)
  }
  return index
}

const NONE: readonly Codec[] = []

function ring (codecs: readonly Codec[]): KeyRing {
  let index = indexed(codecs)
  /** A token with a kid is that key's or nobody's, but for keys without names: those do not know their tokens by it. */
  const candidates = (alg: string, kid: string | undefined): readonly Codec[] =>
    (kid === undefined || index.byKid.size === 0 ? index.byAlgorithm.get(alg) : index.byKid.get(kid)) ?? NONE
  return {
    sign: payload => {
      if (index.signer === undefined) throw new Error('fastify-simplejwt: no key here can sign.')
      return index.signer.sign(payload)
    },
    verify: (token, alg, kid) => {
      for (const codec of candidates(alg, kid)) {
        if (codec.key.algorithm !== alg) continue
        try {
          return codec.verify(token).payload
        } catch {
          // Not this key's token. Whatever the library's reason, it is one answer outside: "Token is invalid".
        }
      }
      return undefined
    },
    knows: (alg, kid) => candidates(alg, kid).length > 0,
    replace: keys => { index = indexed(keys.map(codecAtRunTime)) },
    publicKeys: () => index.publicKeys
  }
}
