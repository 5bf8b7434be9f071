import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import type { FetchOutcome } from '../../../plugin/oauth/documents/fetch-document.ts'
import { createMetadataDocuments } from '../../../plugin/oauth/documents/metadata-documents.ts'
import { DAY, MINUTE, SECOND, createClock } from '../../fixtures/app.ts'
import { documentOf } from '../../fixtures/oauth/document-host.ts'

const APP = 'https://app.example/client.json'
const HOUR = 60 * MINUTE
const AWAY: FetchOutcome = { status: 'unavailable', reason: 'The host answered 503, expected 200.' }
const GONE: FetchOutcome = { status: 'refused', reason: 'The host answered 410, expected 200.' }

const found = (url: string, maxAgeMs?: number, members = {}): FetchOutcome =>
  ({ status: 'fetched', document: documentOf(url, members), maxAgeMs })

type Answer = (url: string) => FetchOutcome | Promise<FetchOutcome>

/** Documents of a host that answers as the test says. */
function build (first: Answer, allow = true) {
  const clock = createClock()
  const fetched: string[] = []
  const logged: [object, string][] = []
  const signals = new Set<AbortSignal>()
  const allowed: string[] = []
  const host = { answer: first }
  const documents = createMetadataDocuments({
    fetchDocument: async (url, signal) => {
      fetched.push(url)
      signals.add(signal)
      return host.answer(url)
    },
    allow: host => {
      allowed.push(host)
      return allow
    },
    scopes: ['photos:read'],
    now: clock,
    log: { info: (...entry: unknown[]) => { logged.push(entry as [object, string]) } }
  })
  return { host, documents, clock, fetched, logged, signals, allowed }
}

t.test('documents: returns the client, and keeps it', async t => {
  const { documents, fetched, allowed, logged } = build(url => found(url))
  t.match(await documents.find(APP), { id: APP, name: 'Photo Frame', scopes: ['photos:read'] })
  t.match(await documents.find(APP), { id: APP })
  t.same(fetched, [APP])
  t.same(allowed, ['app.example', 'app.example'], 'allow() decides each time')
  t.same(logged, [])
})

t.test('documents: fetches nothing from a host that is not allowed', async t => {
  const { documents, fetched } = build(url => found(url), false)
  t.equal(await documents.find(APP), null)
  t.same(fetched, [])
})

t.test('documents: keeps a document for max-age, from 5 minutes to a day', async t => {
  for (const [maxAge, kept] of [
    [undefined, 5 * MINUTE], [0, 5 * MINUTE], [HOUR, HOUR], [DAY, DAY], [30 * DAY, DAY]
  ] as const) {
    const { documents, clock, fetched } = build(url => found(url, maxAge))
    await documents.find(APP)
    clock.advance(kept - 1)
    await documents.find(APP)
    t.equal(fetched.length, 1, `${maxAge}: kept`)
    clock.advance(1)
    await documents.find(APP)
    t.equal(fetched.length, 2, `${maxAge}: fetched again`)
  }
})

t.test('documents: takes over a changed document', async t => {
  const place = build(url => found(url))
  await place.documents.find(APP)
  place.host.answer = url => found(url, undefined, { client_name: 'New Frame' })
  place.clock.advance(5 * MINUTE)
  t.match(await place.documents.find(APP), { name: 'New Frame' })
})

t.test('documents: asks a host again 10 s after a failure', async t => {
  for (const failure of [AWAY, GONE, found('https://other.example/client.json')]) {
    const place = build(() => failure)
    const { documents, clock, fetched, logged } = place
    t.equal(await documents.find(APP), null)
    clock.advance(10 * SECOND - 1)
    t.equal(await documents.find(APP), null)
    t.equal(fetched.length, 1)
    t.match(logged, [[{ clientId: APP, reason: String }, /no usable metadata document/]])
    clock.advance(1)
    place.host.answer = url => found(url)
    t.match(await documents.find(APP), { id: APP })
  }
})

t.test('documents: an app goes on for a day while its host is down', async t => {
  const place = build(url => found(url))
  const { documents, clock, fetched } = place
  await documents.find(APP)
  place.host.answer = () => AWAY
  clock.advance(5 * MINUTE)
  t.match(await documents.find(APP), { id: APP })
  t.match(await documents.find(APP), { id: APP })
  t.equal(fetched.length, 2, 'the host is asked once in 10 s')
  clock.advance(DAY - 5 * MINUTE - 1)
  t.match(await documents.find(APP), { id: APP })
  clock.advance(10 * SECOND)
  t.equal(await documents.find(APP), null)
})

t.test('documents: an app that takes its document back is unknown at once', async t => {
  for (const answer of [GONE, found(APP, undefined, { client_secret: 'x' })]) {
    const place = build(url => found(url))
    await place.documents.find(APP)
    place.host.answer = () => answer
    place.clock.advance(5 * MINUTE)
    t.equal(await place.documents.find(APP), null)
    place.host.answer = () => AWAY
    place.clock.advance(10 * SECOND)
    t.equal(await place.documents.find(APP), null, 'an older copy does not come back')
  }
})

t.test('documents: fetches once for all waiting requests', async t => {
  const { documents, fetched } = build(async url => {
    await setImmediate()
    return found(url)
  })
  const clients = await Promise.all(Array.from({ length: 50 }, () => documents.find(APP)))
  t.equal(new Set(clients).size, 1)
  t.same(fetched, [APP])
})

t.test('documents: 100 fetches run at a time, and the next one is a 503', async t => {
  const answers: (() => void)[] = []
  const { documents, fetched } = build(url => new Promise(resolve => {
    answers.push(() => resolve(found(url)))
  }))
  const urls = Array.from({ length: 100 }, (_, index) => `https://app.example/${index}/client`)
  const finding = urls.map(url => documents.find(url))
  await t.rejects(documents.find(APP), {
    statusCode: 503,
    code: 'temporarily_unavailable',
    headers: { 'retry-after': '1' }
  })
  for (const answer of answers) answer()
  await Promise.all(finding)
  t.equal(fetched.length, 100)
  const late = documents.find(APP)
  answers.at(-1)?.()
  t.match(await late, { id: APP }, 'the next one has its turn')
})

t.test('documents: a kept copy serves while too many are being fetched', async t => {
  const { host, documents, clock } = build(url => found(url))
  await documents.find(APP)
  const answers: (() => void)[] = []
  host.answer = url => new Promise(resolve => { answers.push(() => resolve(found(url))) })
  const finding = Array.from({ length: 100 }, (_, index) =>
    documents.find(`https://other.example/${index}/client`))
  clock.advance(DAY - 1)
  t.match(await documents.find(APP), { id: APP })
  clock.advance(1)
  await t.rejects(documents.find(APP), { code: 'temporarily_unavailable' })
  for (const answer of answers) answer()
  await Promise.all(finding)
})

t.test('documents: only the fetch for an app without a kept copy is counted', async t => {
  const { documents, clock, fetched } = build(url => found(url))
  let counted = 0
  const count = async (): Promise<void> => { counted++ }
  await Promise.all([documents.find(APP, count), documents.find(APP, count)])
  t.same([counted, fetched.length], [2, 1], 'both were counted before the fetch')
  await documents.find(APP, count)
  clock.advance(5 * MINUTE)
  await documents.find(APP, count)
  t.same([counted, fetched.length], [2, 2])
  await t.rejects(
    documents.find(`${APP}?2`, async () => { throw new Error('over the limit') }), /over the limit/)
  t.equal(fetched.length, 2)
})

t.test('documents: keeps 1000, and evicts the oldest', async t => {
  const { documents, fetched } = build(url => found(url, DAY))
  const urlOf = (index: number): string => `https://app.example/${index}/client.json`
  for (let index = 0; index < 1000; index++) await documents.find(urlOf(index))
  t.equal(fetched.length, 1000)
  await documents.find(urlOf(0))
  t.equal(fetched.length, 1000, 'all are kept')
  await documents.find(urlOf(1000))
  await documents.find(urlOf(1))
  t.equal(fetched.length, 1001)
  await documents.find(urlOf(0))
  t.equal(fetched.length, 1002, 'the oldest is fetched again')
})

t.test('documents: closing aborts the fetches', async t => {
  const { documents, signals } = build(url => found(url))
  await documents.find(APP)
  documents.close()
  t.same([...signals].map(({ aborted }) => aborted), [true])
})
