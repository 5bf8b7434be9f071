import t from 'tap'
import { jtiOf } from '../fixtures/clients/token-client.ts'
import { obtainCode } from '../fixtures/oauth/person.ts'
import { createPkce } from '../fixtures/oauth/pkce.ts'
import {
  raceForCode, requestAtOnce, statusOfPhotos, testRace, timeToRefusal
} from '../fixtures/oauth/race.ts'
import { sharedServer, startProcess } from '../fixtures/oauth/shared-server.ts'
import { askAbout, obtainTokens } from '../fixtures/oauth/token-management.ts'
import { exchangeForm, refreshForm, requestToken } from '../fixtures/oauth/token-request.ts'
import { sharedStores } from '../fixtures/servers/store-urls.ts'

const ROUNDS = 20
/** The interval of 500 ms, and time for a busy machine. */
const WITHIN_MS = 1000

for (const { name, skip, start } of sharedStores) {
  t.test(`${name}: a code in two processes`, { skip }, async t => {
    const shared = sharedServer(await start(t))
    const urls = await Promise.all([startProcess(t, shared), startProcess(t, shared)])
    const [here, there] = urls as [string, string]
    // The first race opens the connections to the database, and may be answered 503 meanwhile.
    await raceForCode(urls)

    await t.test('one of 40 exchanges wins, and its tokens are dead at both', t =>
      testRace(t, urls, ROUNDS, WITHIN_MS))

    await t.test('a replay at one process revokes the tokens at the other', async t => {
      const pkce = createPkce()
      const form = exchangeForm(await obtainCode(here, pkce), pkce.verifier)
      const { body: { access_token: access } } = await requestToken(there, form)
      t.equal(await statusOfPhotos(here, access), 200)
      t.equal(await statusOfPhotos(there, access), 200)
      t.match(await requestToken(here, form), { status: 400, body: { error: 'invalid_grant' } })
      t.equal(await statusOfPhotos(here, access), 401)
      t.ok(await timeToRefusal(there, access) <= WITHIN_MS)
    })

    await t.test('a revocation at one process is known to introspection at the other', async t => {
      for (const kind of ['access_token', 'refresh_token'] as const) {
        const tokens = await obtainTokens(here)
        const isActive = async () =>
          (await askAbout(there, 'introspect', tokens.access_token)).body.active
        t.equal(await isActive(), true)
        t.equal((await askAbout(here, 'revoke', tokens[kind])).status, 200)
        t.equal(await isActive(), false, 'at once')
        t.ok(await timeToRefusal(there, tokens.access_token) <= WITHIN_MS)
      }
    })

    await t.test('refreshes at once in both processes get one successor', async t => {
      const pkce = createPkce()
      const form = exchangeForm(await obtainCode(here, pkce), pkce.verifier)
      const { body: first } = await requestToken(there, form)
      const answers = await requestAtOnce(urls, refreshForm(first.refresh_token))
      t.same(new Set(answers.map(({ status }) => status)), new Set([200]))
      t.equal(new Set(answers.map(({ body }) => jtiOf(String(body.refresh_token)))).size, 1)
    })
  })

  t.test(`${name}: control: a server that spends the code at the end has several winners`, { skip },
    async t => {
      const shared = sharedServer(await start(t), true)
      const urls = await Promise.all([startProcess(t, shared), startProcess(t, shared)])
      const { winners } = await raceForCode(urls)
      t.ok(winners.length > 1, `${winners.length} winners`)
    })
}
