import { createPublicKey } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import fastifyJwt, { type JWT } from '@fastify/jwt'
import { createSigner, createVerifier } from 'fast-jwt'
import type { Refuse } from './option-checks.ts'

/** A key as the host gives it. This version takes HS256 keys only. */
export interface KeyInput {
  /** Key id: written into the header of tokens, and selects this key for tokens that carry it. */
  kid?: string
  algorithm: 'HS256'
  /** At least 32 bytes (RFC 7518 section 3.2). A string is taken as UTF-8. */
  secret: string | Buffer
}

/** A key that was checked. */
export interface SigningKey { readonly kid: string | undefined, readonly algorithm: 'HS256', readonly secret: Buffer }

/** What signs and verifies with one key. `verify` throws for a token that is not this key's. */
interface Codec {
  key: SigningKey
  sign(payload: object): string
  verify(token: string): { payload: unknown }
}

/** The keys of one registration. */
export interface KeyRing {
  /** Signs with the first key. */
  sign(payload: object): string
  /** The payload of a token whose signature is good, or undefined. `alg` and `kid` are the token's own words: hostile. */
  verify(token: string, alg: string, kid: string | undefined): unknown
  /** Puts other keys in place of all that there are. Tokens of a dropped key are refused from then on. */
  replace(keys: readonly SigningKey[]): void
}

/**
 * Checks `secret` or `keys`.
 * @throws whatever `refuse` throws, given the option's name and the rule that it breaks
 */
export function resolveKeys (given: { secret?: unknown, keys?: unknown }, refuse: Refuse): readonly SigningKey[] {
  if (given.secret !== undefined && given.keys !== undefined) refuse('keys', 'cannot be given together with "secret".')
  if (given.keys === undefined) return [{ kid: undefined, algorithm: 'HS256', secret: checkSecret('secret', given.secret, refuse) }]
  if (!Array.isArray(given.keys) || given.keys.length === 0) refuse('keys', 'must be an array of at least one key.')

  const kids = new Set<string>()
  return Array.from(given.keys, (key: Partial<KeyInput> | null | undefined, index) => {
    const name = `keys[${index}]`
    if (typeof key !== 'object' || key === null) return refuse(name, 'must be an object.')
    for (const member of Object.keys(key)) if (!['kid', 'algorithm', 'secret'].includes(member)) refuse(`${name}.${member}`, 'is not known, or not supported yet.')
    if (key.algorithm !== 'HS256') refuse(`${name}.algorithm`, 'must be HS256: other algorithms are not supported yet.')
    if (key.kid !== undefined) {
      if (typeof key.kid !== 'string' || key.kid === '' || key.kid.length > 200) refuse(`${name}.kid`, 'must be a string of 1 to 200 characters.')
      if (kids.has(key.kid)) refuse(`${name}.kid`, 'is the kid of another key too.')
      kids.add(key.kid)
    }
    return { kid: key.kid, algorithm: 'HS256' as const, secret: checkSecret(`${name}.secret`, key.secret, refuse) }
  })
}

function checkSecret (name: string, secret: unknown, refuse: Refuse): Buffer {
  if (typeof secret !== 'string' && !Buffer.isBuffer(secret)) return refuse(name, 'is required: a string or a Buffer of at least 32 bytes.')
  const bytes = Buffer.from(secret)
  if (bytes.length < 32) refuse(name, `must have at least 32 bytes for HS256 (RFC 7518 section 3.2); it has ${bytes.length}.`)
  const text = bytes.toString('latin1')
  if (/-----BEGIN|"kty"|^(ssh|ecdsa)-/.test(text)) refuse(name, 'looks like a key in PEM, JWK or SSH form; a secret is none.')
  for (const der of [bytes, Buffer.from(text, 'base64')]) if (isPublicKey(der)) refuse(name, 'is a public key in DER form; a secret is none.')
  return bytes
}

function isPublicKey (der: Buffer): boolean {
  return (['spki', 'pkcs1'] as const).some(type => {
    try {
      return createPublicKey({ key: der, format: 'der', type }) !== undefined
    } catch {
      return false
    }
  })
}

/** The clock is ours and so are the claims: the library checks the signature and the algorithm alone. */
const verifierOptions = (key: SigningKey) =>
  ({ algorithms: [key.algorithm], complete: true, ignoreExpiration: true, ignoreNotBefore: true })

const signerOptions = (key: SigningKey) =>
  key.kid === undefined ? { algorithm: key.algorithm } : { algorithm: key.algorithm, kid: key.kid }

/**
 * Builds the ring on @fastify/jwt, one namespace a key, in a scope of its own. The scope gets a `jwt` of its own first, so
 * that nothing reaches a host which uses @fastify/jwt itself, whichever of the two is registered first.
 */
export async function createKeyRing (app: FastifyInstance, keys: readonly SigningKey[]): Promise<KeyRing> {
  const codecs: Codec[] = []
  await app.register(async scope => {
    scope.decorate('jwt', Object.create(null))
    for (const [index, key] of keys.entries()) {
      const namespace = `key${index}`
      await scope.register(fastifyJwt, { namespace, secret: key.secret, sign: signerOptions(key), verify: verifierOptions(key) })
      const jwt = (scope.jwt as unknown as Record<string, JWT>)[namespace] as JWT
      codecs.push({ key, sign: payload => jwt.sign(payload), verify: token => jwt.verify(token) })
    }
  })
  return ring(codecs)
}

/** Fastify takes no plugins once it runs: a key that arrives then gets its codec from the library below @fastify/jwt. */
function codecAtRunTime (key: SigningKey): Codec {
  const sign = createSigner({ ...signerOptions(key), key: key.secret })
  const verify = createVerifier({ ...verifierOptions(key), key: key.secret })
  return { key, sign: payload => sign(payload as Record<string, unknown>), verify: token => verify(token) as unknown as { payload: unknown } }
}

function ring (codecs: Codec[]): KeyRing {
  const candidates = (alg: string, kid: string | undefined): Codec[] => {
    const named = kid !== undefined && codecs.some(codec => codec.key.kid !== undefined)
    return codecs.filter(({ key }) => key.algorithm === alg && (!named || key.kid === kid))
  }
  return {
    sign: payload => (codecs[0] as Codec).sign(payload),
    verify: (token, alg, kid) => {
      for (const codec of candidates(alg, kid)) {
        try {
          return codec.verify(token).payload
        } catch {
          // Not this key's token. Whatever the library's reason, it is one answer outside: "Token is invalid".
        }
      }
      return undefined
    },
    replace: keys => { codecs = keys.map(codecAtRunTime) }
  }
}
