import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { memoryStore } from '../../plugin/stores/memory.ts'
import type { SessionStore } from '../../plugin/stores/store.ts'
import { jtiOf } from '../fixtures/clients/token-client.ts'
import { nonAtomicStore } from '../fixtures/naive/stores.ts'
import { logIn, obtainCode } from '../fixtures/oauth/person.ts'
import { createPkce } from '../fixtures/oauth/pkce.ts'
import { raceForCode, statusOfPhotos, testRace } from '../fixtures/oauth/race.ts'
import { openOAuthServer } from '../fixtures/oauth/server.ts'
import {
  type TokenAnswer, exchangeForm, refreshForm, requestToken
} from '../fixtures/oauth/token-request.ts'

/** A store as far away as a database is: each call takes a while to get there. */
function distantStore (): SessionStore {
  const store = memoryStore()
  return { ...store, rotate: async rotation => { await delay(1); return store.rotate(rotation) } }
}

const isGrant = ({ status, body }: TokenAnswer): string => `${status} ${body.error ?? 'tokens'}`

t.test('a code: one of 40 exchanges wins in each of 10 rounds', async t => {
  const { url, count } = await openOAuthServer(t, { core: { store: distantStore() } })
  await testRace(t, [url], 10, 200)
  t.equal(count('code_exchanged'), 10)
  t.equal(count('reuse_detected'), 10)
})

t.test('a code: control: a store that reads before it writes has several winners', async t => {
  const { url } = await openOAuthServer(t, { core: { store: nonAtomicStore(5) } })
  const { winners } = await raceForCode([url])
  t.ok(winners.length > 1, `${winners.length} winners`)
})

t.test('a code: three refreshes at once get one successor', async t => {
  const { url } = await openOAuthServer(t, { core: { store: distantStore() } })
  const pkce = createPkce()
  const { body } = await requestToken(
    url, exchangeForm(await obtainCode(url, pkce), pkce.verifier)
  )
  const answers = await Promise.all(Array.from({ length: 3 },
    () => requestToken(url, refreshForm(body.refresh_token))))
  t.same(answers.map(isGrant), Array(3).fill('200 tokens'))
  t.equal(new Set(answers.map(({ body }) => jtiOf(body.refresh_token))).size, 1)
  for (const { body } of answers) t.equal(await statusOfPhotos(url, body.access_token), 200)
})

t.test('a code: logging out everywhere revokes one that is not exchanged', async t => {
  const { url } = await openOAuthServer(t)
  const pkce = createPkce()
  const code = await obtainCode(url, pkce)
  const reply = await fetch(`${url}/api/token/sessions/`, {
    method: 'DELETE', headers: { authorization: `Bearer ${await logIn(url)}` }
  })
  t.equal(reply.status, 204)
  t.equal(isGrant(await requestToken(url, exchangeForm(code, pkce.verifier))), '400 invalid_grant')
})

t.test('a code: revoking its session in the list revokes one that is not exchanged', async t => {
  const { url } = await openOAuthServer(t)
  const pkce = createPkce()
  const code = await obtainCode(url, pkce)
  const headers = { authorization: `Bearer ${await logIn(url)}` }
  const list = await fetch(`${url}/api/token/sessions/`, { headers })
  const sessions = await list.json() as { sid: string, client_id: string | null, scope: string }[]
  const [session] = sessions.filter(({ client_id: id }) => id === 'photo-printer')
  t.equal(session?.scope, 'photos:read')
  const gone = await fetch(`${url}/api/token/sessions/${session?.sid}/`,
    { method: 'DELETE', headers })
  t.equal(gone.status, 204)
  t.equal(isGrant(await requestToken(url, exchangeForm(code, pkce.verifier))), '400 invalid_grant')
})

t.test('a code: revoking the user revokes its session, before and after it', async t => {
  const { url, app } = await openOAuthServer(t)
  const [first, second] = [createPkce(), createPkce()]
  const { body } = await requestToken(
    url, exchangeForm(await obtainCode(url, first), first.verifier)
  )
  const code = await obtainCode(url, second)
  await app.tokens.revokeUser(1)
  t.equal(await statusOfPhotos(url, body.access_token), 401)
  t.equal(isGrant(await requestToken(url, refreshForm(body.refresh_token))), '400 invalid_grant')
  t.equal(
    isGrant(await requestToken(url, exchangeForm(code, second.verifier))), '400 invalid_grant'
  )
})

t.test('a code: expires after 60 seconds', async t => {
  const { url, clock } = await openOAuthServer(t)
  const pkce = createPkce()
  const form = exchangeForm(await obtainCode(url, pkce), pkce.verifier)
  clock.advance(61_000)
  t.equal(isGrant(await requestToken(url, form)), '400 invalid_grant')
})
