import fc from 'fast-check'
import fastify from 'fastify'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import simplejwt from '../../plugin/index.ts'
import { trim } from '../../plugin/http/body-validation.ts'
import { type Case, forged } from '../fixtures/corpus/case.ts'
import { AUDIENCE, ISSUER, createIssuer, createSigningKey } from '../fixtures/corpus/issuer.ts'
import { hasChallenge, isSlow, timely } from '../fixtures/corpus/run.ts'
import { type Door, guard, verification } from '../fixtures/corpus/doors.ts'
import { keepConnection } from '../fixtures/clients/kept-connection.ts'
import { mutation } from '../fixtures/tokens/token-mutations.ts'

/** FUZZ=100000 for a long run. */
const RUNS = Number(process.env.FUZZ ?? 2000)
const ALGORITHMS = ['HS256', 'RS256', 'ES256', 'EdDSA'] as const

/**
 * Header fields end with a line: what is behind a line feed would be another one, or the next
 * request.
 */
const doorFor = (token: string, wanted: Door): Door => /[\r\n]/.test(token) ? verification : wanted

/** What is left of a token on its way, where white space around it is lost. */
const asRead = (token: string, door: Door): string =>
  door === verification ? trim(token) : token.replace(/^ +/, '').replace(/[ \t]+$/, '')

for (const algorithm of ALGORITHMS) {
  t.test(`${algorithm}: rejects each mutation of a good token, without a 5xx`, async t => {
    const key = createSigningKey(algorithm)
    const app = fastify()
    t.after(() => app.close())
    await app.register(simplejwt, {
      keys: [key.input],
      issuer: ISSUER,
      audience: AUDIENCE,
      rateLimit: false,
      verifyCredentials: () => null
    })
    app.get('/hello/', { onRequest: app.authenticate }, async () => 'hello')
    await app.listen({ host: '127.0.0.1', port: 0 })
    const connection = keepConnection(t, (app.server.address() as AddressInfo).port)

    const issuer = createIssuer(key, 'access', 'http://127.0.0.1:1')
    // Those of a host that lives for long are known to its cache, and so are some of these.
    const tokens = [
      issuer.claimed(),
      issuer.headed({ kid: undefined }),
      issuer.headed({ typ: 'at+jwt' }),
      issuer.claimed({ user_id: 2, name: 'Zoë', roles: ['a', 'b'] }),
      issuer.claimed({ nbf: 0.5, text: '???>>>' })
    ]
    const good = new Set(tokens)
    const begin = async (): Promise<void> => {
      for (const token of [...tokens, ...tokens, ...tokens]) {
        t.equal((await connection.ask(guard.request(token))).status, 200)
      }
    }
    await begin()

    const slow: string[] = []
    let same = 0
    const statuses: Record<number, number> = {}
    const attempt = fc.asyncProperty(
      fc.constantFrom(...tokens),
      fc.constantFrom(...tokens),
      mutation,
      fc.constantFrom(guard, verification),
      async (token, other, mutate, wanted) => {
        const text = mutate(token, other)
        const door = doorFor(text, wanted)
        if (good.has(asRead(text, door))) { same++; return }
        const [made] = forged('whatever fast-check thinks of', [['a mutation', text]]) as [Case]
        const reply = await timely(connection, door.request(text))
        statuses[reply.status] = (statuses[reply.status] ?? 0) + 1
        if (isSlow(reply)) slow.push(text)
        if (reply.status !== door.due(made)) {
          throw new Error(
            `${door.name}: ${reply.status}, not ${door.due(made)}, for ${JSON.stringify(text)}`
          )
        }
        if (reply.status === 401 && !hasChallenge(reply)) {
          throw new Error(`no challenge: ${String(reply.headers.get('www-authenticate'))}`)
        }
      }
    )
    await fc.assert(attempt, { numRuns: Math.ceil(RUNS / ALGORITHMS.length) })

    t.comment(
      `${Object.entries(statuses)
        .map(([status, count]) => `${status}: ${count}`)
        .join(', ')}; unchanged: ${same}`
    )
    t.strictSame(slow, [], 'none took longer than 50 ms')
    t.ok(same < RUNS / ALGORITHMS.length / 5, 'few were left as they were')
    await begin()
  })
}
