import fc from 'fast-check'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import type { WireRequest } from '../fixtures/clients/exchange.ts'
import { type KeptConnection, keepConnection } from '../fixtures/clients/kept-connection.ts'
import { isSlow, timely } from '../fixtures/corpus/run.ts'
import { type Pairs, encoded, mutated } from '../fixtures/oauth/hostile-parameters.ts'
import { authorizeUrl, obtainCode } from '../fixtures/oauth/person.ts'
import { createPkce } from '../fixtures/oauth/pkce.ts'
import {
  type OAuthServer, SECRET_OF_API, SECRET_OF_PRINTER, SECRET_OF_REPORT, WEB_CALLBACK,
  openOAuthServer
} from '../fixtures/oauth/server.ts'
import { obtainTokens } from '../fixtures/oauth/token-management.ts'
import {
  basic, exchangeForm, refreshForm, requestToken
} from '../fixtures/oauth/token-request.ts'

/** FUZZ=100000 for a long run. */
const RUNS = Number(process.env.FUZZ ?? 1000)

/** Descriptions are texts of ours: of the characters of RFC 6749 section 5.2. */
const DESCRIPTION = /^[\x20-\x21\x23-\x5b\x5d-\x7e]{1,200}$/

async function openServer (t: Test): Promise<OAuthServer & { connection: KeptConnection }> {
  const server = await openOAuthServer(t)
  const { port } = server.app.server.address() as AddressInfo
  return { ...server, connection: keepConnection(t, port) }
}

/** The text of a URL before its query. */
const beforeQuery = (url: string): string => url.replace(/\?.*$/s, '')

/** Returns whether a redirect goes to our page or to a registered URI. */
function isKnown (location: string): boolean {
  const target = beforeQuery(location)
  const port = /^http:\/\/127\.0\.0\.1:?(\d*)\/callback$/.exec(target)?.[1]
  return ['/connect', WEB_CALLBACK].includes(target) || Number(port ?? Infinity) < 65_536
}

/** The records of a run. */
interface Findings {
  statuses: Record<number, number>
  slow: string[]
  descriptions: Set<string>
}

/** Sends a request. Returns the reply, and notes what it says. @throws Error for a 5xx */
async function send (connection: KeptConnection, request: WireRequest, findings: Findings) {
  const reply = await timely(connection, request)
  const { status, headers, body } = reply
  const { statuses, slow, descriptions } = findings
  statuses[status] = (statuses[status] ?? 0) + 1
  const text = JSON.stringify(request).slice(0, 2000)
  if (isSlow(reply)) slow.push(text)
  const location = headers.get('location')
  if (status >= 500 || status === 0) throw new Error(`${status} for ${text}`)
  if (location !== undefined && !isKnown(location)) throw new Error(`to ${location} for ${text}`)
  const description = location === undefined
    ? status !== 200 && body.startsWith('{') && JSON.parse(body).error_description
    : new URL(location, 'http://127.0.0.1').searchParams.get('error_description')
  if (typeof description === 'string') descriptions.add(description)
  return reply
}

/** Holds that no answer was slow, or said what it was sent. */
function hold (t: Test, { statuses, slow, descriptions }: Findings, atLeast = 6): void {
  t.comment(JSON.stringify(statuses))
  t.strictSame(slow, [], 'none took longer than 50 ms')
  const { size } = descriptions
  t.ok(size >= atLeast && size < 50, `${size} descriptions`)
  for (const description of descriptions) t.match(description, DESCRIPTION)
}

const begin = (): Findings => ({ statuses: {}, slow: [], descriptions: new Set() })

t.test('authorize: no query is a 5xx, or redirects to a URI that is not registered', async t => {
  const { url, connection } = await openServer(t)
  const pairsOf = (parameters: Record<string, string | undefined>): Pairs =>
    [...new URL(authorizeUrl(url, createPkce(), parameters)).searchParams]
  const good = [
    pairsOf({}), pairsOf({ redirect_uri: undefined }),
    pairsOf({ client_id: 'terminal', redirect_uri: 'http://127.0.0.1:53219/callback' })
  ]
  const findings = begin()
  const texts = encoded(mutated(...good))
  await fc.assert(fc.asyncProperty(texts, fc.boolean(), async (text, isForm) => {
    // A request line ends at white space.
    const query = text.replaceAll(/[^!-~]/g, '%00')
    const { status } = await send(connection, isForm
      ? {
          method: 'POST',
          target: '/oauth/authorize',
          headers: ['Content-Type', 'application/x-www-form-urlencoded'],
          body: text
        }
      : { method: 'GET', target: `/oauth/authorize?${query}` }, findings)
    if (status !== 303 && status !== 400) throw new Error(`${status} for ${text}`)
  }), { numRuns: RUNS })
  hold(t, findings)
  t.ok((findings.statuses[303] ?? 0) > RUNS / 20, 'some were good')
})

t.test('token: no form is a 5xx, or gets tokens without the right secret', async t => {
  const { url, connection } = await openServer(t)
  const pkce = createPkce()
  const spent = exchangeForm(await obtainCode(url, pkce), pkce.verifier)
  const other = createPkce()
  const { body: { refresh_token: refresh } } = await requestToken(
    url, exchangeForm(await obtainCode(url, other), other.verifier)
  )
  const good: Pairs[] = [
    Object.entries(spent),
    Object.entries({ ...spent, redirect_uri: WEB_CALLBACK }),
    Object.entries(refreshForm(refresh)),
    Object.entries({
      ...refreshForm(refresh), client_id: 'photo-printer', client_secret: SECRET_OF_PRINTER
    }),
    [['grant_type', 'client_credentials']]
  ]
  const authorizations = [
    basic('photo-printer', SECRET_OF_PRINTER), basic('nightly-report', SECRET_OF_REPORT),
    basic('photo-printer', 'wrong'), basic('terminal', ''), 'Basic', 'Basic !', 'Bearer x', ''
  ]
  const types = [
    'application/x-www-form-urlencoded', 'application/x-www-form-urlencoded; charset=utf-8',
    'application/json', 'text/plain', 'multipart/form-data; boundary=x', 'x', ''
  ]
  const header = (name: string, value: string): string[] => value === '' ? [] : [name, value]
  const findings = begin()
  await fc.assert(fc.asyncProperty(
    encoded(mutated(...good)),
    fc.oneof(fc.constantFrom(...authorizations), fc.base64String().map(text => `Basic ${text}`)),
    fc.oneof({ arbitrary: fc.constant(types[0] as string), weight: 9 }, fc.constantFrom(...types)),
    async (body, authorization, type) => {
      const request: WireRequest = {
        method: 'POST',
        target: '/oauth/token',
        headers: [...header('Content-Type', type), ...header('Authorization', authorization)],
        body
      }
      const { status, headers, body: text } = await send(connection, request, findings)
      const hasSecret = authorizations.slice(0, 2).includes(authorization) ||
        body.includes(SECRET_OF_PRINTER)
      if (status === 200 && !hasSecret) throw new Error(`tokens for ${JSON.stringify(request)}`)
      if (![200, 400, 401].includes(status)) throw new Error(`${status} for ${body}`)
      if (status === 200 || !headers.has('cache-control')) return
      if (typeof JSON.parse(text).error !== 'string') throw new Error(text)
      if (status === 401 && !/^Basic realm=/.test(headers.get('www-authenticate') ?? '')) {
        throw new Error('no challenge')
      }
    }
  ), { numRuns: RUNS })
  hold(t, findings)
  t.ok((findings.statuses[200] ?? 0) > 0, 'some were good')
})

for (const [name, secret] of [['revoke', SECRET_OF_PRINTER], ['introspect', SECRET_OF_API]]) {
  t.test(`${name}: no form is a 5xx, or has an effect without the right secret`, async t => {
    const { url, connection, count } = await openServer(t)
    const { access_token: access, refresh_token: refresh } = await obtainTokens(url)
    const id = name === 'revoke' ? 'photo-printer' : 'photo-api'
    const texts = encoded(mutated(
      [['token', access]], [['token', refresh]],
      [['token', access], ['token_type_hint', 'access_token']],
      [['token', access], ['client_id', id], ['client_secret', secret as string]]
    ))
    const good = [basic(id, secret as string), basic('nightly-report', SECRET_OF_REPORT)]
    const authorizations = [...good, basic(id, 'x'), 'Bearer x', '']
    const findings = begin()
    await fc.assert(fc.asyncProperty(
      texts, fc.constantFrom(...authorizations), async (body, authorization) => {
        const { status, body: text } = await send(connection, {
          method: 'POST',
          target: `/oauth/${name}`,
          headers: [
            'Content-Type', 'application/x-www-form-urlencoded',
            ...authorization === '' ? [] : ['Authorization', authorization]
          ],
          body
        }, findings)
        const { error } = JSON.parse(text) as { error?: string }
        const hasSecret = good.includes(authorization) || body.includes('client_')
        if (status === 200 && !hasSecret) throw new Error(`${text} for ${body}`)
        if (![200, 400, 401].includes(status)) throw new Error(`${status} for ${body}`)
        if ((status === 200) === (typeof error === 'string')) throw new Error(text)
      }
    ), { numRuns: RUNS })
    // These endpoints read one parameter beside those of the client.
    hold(t, findings, 4)
    t.ok((findings.statuses[200] ?? 0) > 0, 'some were good')
    t.equal(count('revoked'), name === 'revoke' ? 1 : 0)
  })
}
