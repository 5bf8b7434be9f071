import { createSecretKey } from 'node:crypto'
import { createVerifier } from 'fast-jwt'
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { jwtVerify } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import type { Algorithm } from '../plugin/keys/algorithms.ts'
import simplejwt, { type KeyInput } from '../plugin/index.ts'
import { bareSignature } from './bare-signature.ts'

/** The first message to this process: a way to verify, its key, and the tokens, again and again. */
export interface Way {
  verifier: string
  algorithm: Algorithm
  /** The text of a secret, or a public key in PEM. */
  key: string
  tokens: string[]
  /** The size of the guard's cache, if not the default. */
  cache?: number
}

/** Returns a call that verifies a token. Only the call is timed. */
type Prepare = (token: string) => () => unknown

/** Calls that are timed together: one alone would be shorter than the look at the clock. */
const BATCH = 500

const verifying = (verify: (token: string) => unknown): Prepare => token => () => verify(token)

const verifiers: Record<string, (way: Way) => Prepare | Promise<Prepare>> = {
  'fast-jwt': ({ key, algorithm }) =>
    verifying(createVerifier({ key, algorithms: [algorithm as 'HS256'] })),
  'fast-jwt-cache': ({ key, algorithm }) =>
    verifying(createVerifier({ key, algorithms: [algorithm as 'HS256'], cache: 10_000 })),
  signature: ({ key, algorithm }) => bareSignature(algorithm, key),
  jose ({ key }) {
    const secret = createSecretKey(Buffer.from(key))
    return verifying(token => jwtVerify(token, secret, { algorithms: ['HS256'] }))
  },
  jsonwebtoken ({ key }) {
    const secret = createSecretKey(Buffer.from(key))
    return verifying(token => jsonwebtoken.verify(token, secret, { algorithms: ['HS256'] }))
  },
  /** The guard, as Fastify calls it. */
  async 'fastify-simplejwt' ({ algorithm, key, cache }) {
    const app = fastify()
    const size = cache === undefined ? {} : { verificationCache: cache }
    await app.register(
      simplejwt,
      algorithm.startsWith('HS')
        ? { ...size, secret: key, verifyCredentials: () => null, rateLimit: false }
        : { ...size, keys: [{ algorithm, publicKey: key } as KeyInput] }
    )
    await app.ready()
    const done = (error?: Error): void => { if (error !== undefined) throw error }
    return token => {
      const request = requestWith(textOf(`Bearer ${token}`)) as unknown as FastifyRequest
      return () => { app.authenticate(request, undefined as unknown as FastifyReply, done) }
    }
  }
}

/** Measures microseconds a call. Continues with the token after the last one. */
function measure (tokens: string[], prepare: Prepare): (ms: number) => Promise<number> {
  let next = 0
  return async ms => {
    let [calls, spent] = [0, 0]
    for (; spent < ms; calls += BATCH) {
      const batch = Array.from({ length: BATCH }, () =>
        prepare(textOf(tokens[next++ % tokens.length] as string))
      )
      const begun = performance.now()
      for (const verify of batch) {
        const verified = verify()
        if (verified instanceof Promise) await verified
      }
      spent += performance.now() - begun
    }
    return spent / calls * 1000
  }
}

/** A new string in one piece, as from a socket. */
const textOf = (token: string): string => Buffer.from(token, 'latin1').toString('latin1')

/** The part of a request that the guard reads. */
const requestWith = (authorization: string) => ({
  headers: { authorization },
  raw: {
    rawHeaders: ['Host', '127.0.0.1', 'Connection', 'keep-alive', 'Authorization', authorization]
  },
  user: null
})

let microseconds: ((ms: number) => Promise<number>) | undefined

async function answer (message: Way | { ms: number }): Promise<number> {
  if ('ms' in message) return await microseconds?.(message.ms) as number
  const prepare = await (verifiers[message.verifier] as typeof verifiers[string])(message)
  microseconds = measure(message.tokens, prepare)
  return 0
}

process.on('message', (message: Way | { ms: number }) => {
  answer(message).then(
    said => process.send?.(said),
    error => {
      throw error
    }
  )
})
process.on('disconnect', () => process.exit())
process.send?.('ready')
