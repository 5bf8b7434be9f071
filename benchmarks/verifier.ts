import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto'
import { createVerifier } from 'fast-jwt'
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { jwtVerify } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import simplejwt from '../plugin/index.ts'

/**
 * What a process of this file is told first: the way to verify, the secret, and the tokens, which
 * come in turn.
 */
export interface Way { verifier: string, key: string, tokens: string[] }

/** A call that verifies a token, ready to be timed: what is made for it is made before. */
type Prepare = (token: string) => () => unknown

/** Calls that are timed together: one alone would be shorter than the look at the clock. */
const BATCH = 500

const verifying = (verify: (token: string) => unknown): Prepare => token => () => verify(token)

const verifiers: Record<string, (key: string) => Prepare | Promise<Prepare>> = {
  'fast-jwt': key => verifying(createVerifier({ key, algorithms: ['HS256'] })),
  'fast-jwt-cache': key => verifying(createVerifier({ key, algorithms: ['HS256'], cache: 10_000 })),
  hmac: key => verifying(hmac(createSecretKey(Buffer.from(key)))),
  jose (key) {
    const secret = createSecretKey(Buffer.from(key))
    return verifying(token => jwtVerify(token, secret, { algorithms: ['HS256'] }))
  },
  jsonwebtoken (key) {
    const secret = createSecretKey(Buffer.from(key))
    return verifying(token => jsonwebtoken.verify(token, secret, { algorithms: ['HS256'] }))
  },
  /** The guard, as Fastify calls it. */
  async 'fastify-simplejwt' (secret) {
    const app = fastify()
    await app.register(simplejwt, { secret, verifyCredentials: () => null, rateLimit: false })
    await app.ready()
    const done = (error?: Error): void => { if (error !== undefined) throw error }
    return token => {
      const request = requestWith(textOf(`Bearer ${token}`)) as unknown as FastifyRequest
      return () => { app.authenticate(request, undefined as unknown as FastifyReply, done) }
    }
  }
}

/** Goes on with the tokens where it stopped. */
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

/** A text of its own, in one piece. */
const textOf = (token: string): string => Buffer.from(token, 'latin1').toString('latin1')

const hmac = (secret: ReturnType<typeof createSecretKey>) => (token: string): void => {
  const end = token.lastIndexOf('.')
  const expected = createHmac('sha256', secret).update(token.slice(0, end)).digest()
  if (!timingSafeEqual(expected, Buffer.from(token.slice(end + 1), 'base64url'))) {
    throw new Error('It does not verify.')
  }
}

/** As much of a request as the guard looks at. */
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
  const prepare = await (
    verifiers[message.verifier] as (key: string) => Prepare | Promise<Prepare>
  )(message.key)
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
