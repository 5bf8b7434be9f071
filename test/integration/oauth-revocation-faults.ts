import t, { type Test } from 'tap'
import { statusOfPhotos } from '../fixtures/oauth/race.ts'
import { PHOTO_API, PRINTER, openOAuthServer } from '../fixtures/oauth/server.ts'
import { askAbout, obtainTokens } from '../fixtures/oauth/token-management.ts'
import { refreshForm, requestToken } from '../fixtures/oauth/token-request.ts'
import { VERBS, failingStore } from '../fixtures/stores/failing-store.ts'

/** Holds that an answer says: later. */
function isLater (t: Test, { status, headers, body }: Awaited<ReturnType<typeof askAbout>>): void {
  t.equal(`${status} ${String(body.error)}`, '503 temporarily_unavailable')
  t.match(headers.get('retry-after'), /^[1-9]\d*$/)
}

for (const kind of ['access_token', 'refresh_token'] as const) {
  t.test(`store away: the revocation of an ${kind} changes nothing, and is good later`, async t => {
    const { store, failing } = failingStore()
    const { url, count } = await openOAuthServer(t, { core: { store } })
    const tokens = await obtainTokens(url)
    for (const verbs of [VERBS, ['revoke']]) {
      for (const verb of verbs) failing.add(verb)
      isLater(t, await askAbout(url, 'revoke', tokens[kind]))
      failing.clear()
      t.equal(await statusOfPhotos(url, tokens.access_token), 200)
    }
    t.equal(count('revoked'), 0)
    t.equal((await askAbout(url, 'revoke', tokens[kind])).status, 200)
    t.equal(await statusOfPhotos(url, tokens.access_token), 401)
    t.equal((await requestToken(url, refreshForm(tokens.refresh_token))).status, 400)
  })
}

t.test('store away: a token is neither active nor inactive', async t => {
  const { store, failing } = failingStore()
  const { url } = await openOAuthServer(t, { core: { store } })
  const { access_token: access } = await obtainTokens(url)
  failing.add('find')
  isLater(t, await askAbout(url, 'introspect', access))
  failing.clear()
  t.equal((await askAbout(url, 'introspect', access)).body.active, true)
})

for (const name of ['findUser', 'findClient'] as const) {
  t.test(`${name} throws: a token is neither active nor inactive`, async t => {
    let fails = false
    const found = name === 'findUser' ? { id: 1 } : PRINTER
    const callback = () => {
      if (fails) throw new Error('the database is away')
      return found as never
    }
    const { url } = await openOAuthServer(t, {
      core: name === 'findUser' ? { findUser: callback } : {},
      oauth: name === 'findClient' ? { findClient: callback, clients: [PHOTO_API] } : {}
    })
    const { access_token: access } = await obtainTokens(url)
    fails = true
    const { status, body } = await askAbout(url, 'introspect', access)
    t.equal(status, 500)
    t.notOk('active' in body)
    fails = false
    t.equal((await askAbout(url, 'introspect', access)).body.active, true)
  })
}
