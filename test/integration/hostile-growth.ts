import type { FastifyInstance, InjectOptions } from 'fastify'
import t, { type Test } from 'tap'
import { buildApp } from '../fixtures/app.ts'

/** Bytes of hostile text. The longer one is about the most that a request may have. */
const SHORT = 3900
const LONG = 4 * SHORT

/** Linear work takes 4 times as long for the longer text, and quadratic work 16 times. */
const MAX_GROWTH = 6
/** Noise of the measurement, and the least time that matters. */
const NOISE_MS = 2
const ROUNDS = 4
/** Rounds are repeated while the machine is busy. */
const ATTEMPTS = 5

/** Returns a hostile text of about so many bytes. */
type Filler = (bytes: number) => string

const repeated = (unit: string): Filler => bytes =>
  unit.repeat(Math.floor(bytes / Buffer.byteLength(unit)))

/** Characters that all differ, in percent encoding: slow for encoders of domain names. */
const distinct: Filler = bytes =>
  Array.from({ length: bytes / 9 }, (_, index) =>
    encodeURIComponent(String.fromCodePoint(0x4e00 + 7 * index))).join('')

const FILLERS: Record<string, Filler> = {
  ...Object.fromEntries([
    'a', '.', 'a.', '[', ']:1', ':', '1.', '127.0.0.1,', '::1,', ' ', '\t', ',', ';', '=', 'a=;',
    'a=1&', '"', '\\"', '%', '%41', '/', '?', '-', '{', '{"a":', '[', '"a":1,', 'xn--', 'W/"",',
    'Bearer ', 'charset=x;', ' ;', '%C3%A9', '\u0344', '\u0315\u0300', '\ufdfa', '\ud83d\ude00'
  ].map(unit => [JSON.stringify(unit), repeated(unit)])),
  'distinct ideographs': distinct
}

const PAGE = { 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' }
const refresh = (headers: Record<string, string>): InjectOptions =>
  ({ method: 'POST', url: '/api/token/refresh/', headers: { ...PAGE, ...headers } })
const post = (path: string, payload: object): InjectOptions =>
  ({ method: 'POST', url: `/api/token/${path}`, payload })
const postText = (type: string, payload: string): InjectOptions =>
  ({ ...post('verify/', {}), headers: { 'content-type': type }, payload })
const segment = (text: string): string => Buffer.from(text).toString('base64url')

type Places = Record<string, (text: string) => InjectOptions>

/** Places of a request that hold bytes of a client, and are read before a limit. */
const HEADERS: Places = {
  'X-Forwarded-For': text => refresh({ 'x-forwarded-for': text }),
  'X-Forwarded-For in brackets': text => refresh({ 'x-forwarded-for': `[${text}x` }),
  'X-Forwarded-Host': text => refresh({ 'x-forwarded-host': text }),
  Cookie: text => refresh({ cookie: text }),
  'the value of the cookie': text => refresh({ cookie: `__Host-refresh=${text}` }),
  Origin: text => ({ ...refresh({}), headers: { origin: `https://${text}` } }),
  'User-Agent': text => refresh({ 'user-agent': text }),
  'Content-Type': text => ({ ...refresh({ 'content-type': `a/b${text}x` }), payload: '{}' }),
  Authorization: text => ({ url: '/hello/', headers: { authorization: text } }),
  'a bearer token': text => ({ url: '/hello/', headers: { authorization: `Bearer ${text}` } }),
  'If-None-Match': text =>
    ({ url: '/.well-known/jwks.json', headers: { 'if-none-match': text } }),
  'the path': text => ({ method: 'PUT', url: `/api/token/${encodeURI(text)}` }),
  'the query': text => ({ method: 'PUT', url: `/api/token/refresh/?${encodeURI(text)}` })
}
/** A login with further members: JSON of about as many bytes as the text. */
const loginWith = (more: string): InjectOptions => ({
  ...postText('application/json', `{"username":"vitor","password":"x",${more}}`), url: '/api/token/'
})
const members = (text: string): string =>
  Array.from({ length: text.length / 9 }, (_, index) => `"${index}":{}`).join()

const BODIES: Places = {
  'the login field': text => post('', { username: text, password: 'x' }),
  'the login field within letters': text => post('', { username: `x${text}x`, password: 'x' }),
  'another field of a login': text => post('', { username: 'vitor', password: 'x', more: text }),
  'the members of a login': text => loginWith(members(text)),
  'the nesting of a login': text =>
    loginWith(`"a":${'['.repeat(text.length / 2 - 50)}${']'.repeat(text.length / 2 - 50)}`),
  'the user name of attempt()': text => ({ method: 'POST', url: '/code', payload: { text } }),
  'the password': text => post('', { username: 'vitor', password: text }),
  'a refresh token': text => post('refresh/', { refresh: text }),
  'a token': text => post('verify/', { token: `x${text}x` }),
  'the header of a token': text =>
    post('verify/', { token: `${segment(`{"a":"\\"${text.slice(0, text.length / 2)}"}`)}.e30.AA` }),
  'a JSON body': text => postText('application/json', text),
  'an urlencoded body': text => postText('application/x-www-form-urlencoded', text)
}

/** The processor time of a request in milliseconds, the least of some rounds. */
async function timeOf (app: FastifyInstance, request: InjectOptions): Promise<number> {
  let least = Infinity
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage()
    await app.inject(request)
    const { user, system } = process.cpuUsage(before)
    least = Math.min(least, (user + system) / 1000)
  }
  return least
}

/** Returns how the time grew, or undefined if it grew in proportion to the length. */
async function growthOf (
  app: FastifyInstance, place: (text: string) => InjectOptions, filler: Filler
): Promise<string | undefined> {
  let growth: string | undefined
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const short = await timeOf(app, place(filler(SHORT)))
    const long = await timeOf(app, place(filler(LONG)))
    if (long <= MAX_GROWTH * short + NOISE_MS) return undefined
    growth = `${short.toFixed(1)} ms, four times as long: ${long.toFixed(1)} ms`
  }
  return growth
}

async function holdGrowth (t: Test, app: FastifyInstance, places: Places): Promise<void> {
  for (const [place, request] of Object.entries(places)) {
    for (const [name, filler] of Object.entries(FILLERS)) {
      const growth = await growthOf(app, request, filler)
      if (growth !== undefined) t.fail(`${place} of ${name}: ${growth}`)
    }
    t.pass(place)
  }
}

const LIMITS = { loginPerAddress: 1e9, loginPerUsername: 1e9, refreshPerAddress: 1e9 }

t.test('hostile headers: the work grows in proportion to their length', async t => {
  const options = { cookie: true, rateLimit: LIMITS }
  const { app } = await buildApp(t, options, { trustProxy: '127.0.0.1' })
  await holdGrowth(t, app, HEADERS)
})

t.test('hostile bodies: the work grows in proportion to their length', async t => {
  const { app } = await buildApp(t, { rateLimit: LIMITS })
  app.post<{ Body: { text: string } }>('/code', async request =>
    app.tokens.attempt(request, request.body.text, () => null))
  await holdGrowth(t, app, BODIES)
})
