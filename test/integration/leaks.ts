import t, { type Test } from 'tap'
import { SECRET } from '../fixtures/app.ts'
import { type DumpedStore, dumpedStores } from '../fixtures/stores/store-dumps.ts'
import { type Step, liveWholeLife } from '../fixtures/leaks/whole-life.ts'
import {
  MARK, PASSWORD, PASSWORD_HASH, type Witness, createWitness
} from '../fixtures/leaks/witness.ts'

/** What nobody may find anywhere, by name, in each of its writings. */
function secretsOf ({ tokens }: Witness): [name: string, writings: string[]][] {
  const encoded = (text: string): string[] => [
    text,
    Buffer.from(text).toString('hex'),
    Buffer.from(text).toString('base64'),
    Buffer.from(text).toString('base64url')
  ]
  return [
    ['the secret', encoded(SECRET)],
    // In base64 a text looks different at each of three places.
    [
      'a password',
      [
        MARK,
        Buffer.from(MARK).toString('hex'),
        ...['', 'x', 'xx'].map(before =>
          Buffer.from(before + MARK)
            .toString('base64')
            .slice(4, 12)
        )
      ]
    ],
    ['a password in Basic credentials', [Buffer.from(`vitor:${PASSWORD}`).toString('base64')]],
    ['a hash of a password', [PASSWORD_HASH, 'UYFbGXyzWP7wZXa1xH3YJQ']],
    ...[...tokens].map((token): [string, string[]] => {
      const [, payload = '', signature = ''] = token.split('.')
      return [
        'a token',
        [
          token,
          payload,
          signature.slice(0, 16),
          signature.slice(-16),
          Buffer.from(signature, 'base64url').toString('hex')
        ]
      ]
    })
  ]
}

async function findLeaks (witness: Witness, { dump }: DumpedStore): Promise<string[]> {
  const places = {
    log: witness.lines,
    replies: witness.replies,
    events: witness.events.map(event => JSON.stringify(event)),
    store: [await dump()]
  }
  return Object.entries(places).flatMap(([place, texts]) =>
    secretsOf(witness).flatMap(([name, writings]) => {
      const text = texts.find(text => writings.some(writing => text.includes(writing)))
      return text === undefined ? [] : [`${name} in the ${place}: ${text.slice(0, 300)}`]
    })
  )
}

/**
 * Lines of the log that show where in the code a request was refused. A fault of the host or of the
 * store may, and Fastify where it has not read a body that is too large.
 */
function stacksOfRefusals ({ lines }: Witness): string[] {
  return lines.filter(line => {
    const { err } = JSON.parse(line) as { err?: { stack: string, code?: string, message: string } }
    return (
      err !== undefined &&
      /\n\s+at /.test(err.stack) &&
      !/on fire/.test(err.message) &&
      err.code !== 'FST_ERR_CTP_BODY_TOO_LARGE'
    )
  })
}

const EVENTS: Record<string, string[]> = {
  login: ['login'],
  'wrong password': ['login_failed'],
  'unknown user': ['login_failed'],
  refresh: ['refreshed'],
  replay: ['replayed'],
  'the guard, good and odd': [],
  reuse: ['reuse_detected'],
  logout: ['revoked'],
  'another logout': [],
  'logout everywhere': ['revoked'],
  'a fault of the host': [],
  'the store fails at login': ['store_failed create'],
  'the store fails at refresh': ['store_failed rotate'],
  'the store fails at logout': ['store_failed find'],
  'guesses from one address': [
    ...Array<string>(10).fill('login_failed'), 'throttled loginPerAddress'
  ],
  'guesses at one user': [...Array<string>(20).fill('login_failed'), 'throttled loginPerUsername'],
  'a flood of refreshes': ['throttled refreshPerAddress']
}

const STATUSES: Record<string, number> = {
  refresh: 200,
  replay: 200,
  sessions: 200,
  reuse: 401,
  'the guard after reuse': 401,
  logout: 200,
  'another logout': 401,
  'logout everywhere': 204,
  'a fault of the host': 500,
  'the store fails at refresh': 503
}

function holdEvents (t: Test, steps: Record<string, Step>): void {
  for (const [name, events] of Object.entries(EVENTS)) {
    t.strictSame(steps[name]?.events, events, name)
  }
  for (const [name, status] of Object.entries(STATUSES)) {
    t.strictSame(steps[name]?.statuses, [status], name)
  }
}

for (const { name, skip, open } of dumpedStores) {
  // A server takes a while to start, and no store is told how tokens travel.
  for (const cookie of ['memory', 'SQLite'].includes(name) ? [false, true] : [false]) {
    t.test(`${name}, tokens in ${cookie ? 'cookies' : 'bodies'}: a whole life leaves no token, secret or password in the store, the log, the events or other replies`, { skip }, async t => {
      const store = await open(t)
      const witness = await createWitness(t, store.store, { cookie })
      holdEvents(t, await liveWholeLife(witness, cookie))
      t.ok(witness.tokens.size >= 10, `${witness.tokens.size} tokens were given out`)
      t.strictSame(await findLeaks(witness, store), [])
      t.strictSame(stacksOfRefusals(witness), [])
      t.strictSame(witness.replies.filter(reply => /\n\s+at |\\n\s+at /.test(reply)), [])

      const [token] = witness.tokens
      const page = cookie ? { 'sec-fetch-site': 'same-origin' } : {}
      await witness.send({
        url: '/api/token/',
        headers: { 'content-type': 'application/json', 'user-agent': token, ...page },
        payload: JSON.stringify({ username: 'vitor', password: PASSWORD })
      })
      t.match(
        await findLeaks(witness, store),
        [/^a token in the store/],
        'one whom the store was given is found'
      )
    })
  }
}

t.test('what a host logs of a login is found', async t => {
  const memory = await (dumpedStores[0] as (typeof dumpedStores)[number]).open(t)
  const witness = await createWitness(t, memory.store, {
    verifyCredentials: (credentials, { log, headers }) => {
      log.debug({ credentials, headers })
      return { id: 1 }
    },
    claims: (_user, request) => { request?.log.trace({ body: request.body }); return {} }
  })
  await liveWholeLife(witness, false)
  const leaks = await findLeaks(witness, memory)
  t.ok(leaks.some(leak => leak.startsWith('a password in the log')))
  t.ok(leaks.some(leak => leak.startsWith('a token in the log')))
})
