import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import type { OAuthOptions } from '../../plugin/oauth/index.ts'
import { memoryStore } from '../../plugin/stores/memory.ts'
import { ISSUER, askAuthorize, buildAuthorizeApp } from '../fixtures/oauth/authorize-app.ts'
import { RFC_7636_PKCE } from '../fixtures/oauth/pkce.ts'
import { WEB_CALLBACK } from '../fixtures/oauth/server.ts'
import { postForm } from '../fixtures/oauth/token-app.ts'
import { PRINTER_BASIC } from '../fixtures/oauth/token-request.ts'

const TRUSTED = {
  id: 'photo-printer', name: 'Printer', redirectUris: [WEB_CALLBACK], trusted: true
}

interface Race {
  app: FastifyInstance
  /** Who is logged in by a session of the host. */
  login: { user: { id: number } | null }
  /** Runs once, after all checks of a request and before its session is in the store. */
  during: (() => Promise<unknown>) | undefined
  askSilently(): Promise<Record<string, string>>
  /** Makes the user allow the app by the page. Without `exchange` the code waits. */
  allow(exchange?: boolean): Promise<void>
}

/** An app whose user 1 has a session of the host. */
async function openRace (
  t: Test, oauth: Partial<OAuthOptions> = {}, store = memoryStore()
): Promise<Race> {
  const login: Race['login'] = { user: { id: 1 } }
  const { create } = store
  store.create = async session => {
    const { during } = race
    race.during = undefined
    await during?.()
    return create(session)
  }
  const { app, clock } = await buildAuthorizeApp(t, {
    core: { store },
    oauth: {
      loggedIn: async () => login.user && { user: login.user, at: clock.time },
      ...oauth
    }
  })
  const race: Race = {
    app,
    login,
    during: undefined,
    askSilently: async () => {
      const { headers } = await askAuthorize(app, { prompt: 'none' })
      return Object.fromEntries(new URL(String(headers.location), ISSUER).searchParams)
    },
    allow: async (exchange = true) => {
      const { headers } = await askAuthorize(app)
      const text = new URL(String(headers.location), ISSUER).searchParams.get('authorization')
      const url = await app.oauth.approve(text as string, { id: 1 }, { authTime: clock.time })
      if (!exchange) return
      const code = new URL(url).searchParams.get('code') as string
      const { statusCode } = await postForm(app, {
        grant_type: 'authorization_code', code, code_verifier: RFC_7636_PKCE.verifier
      }, PRINTER_BASIC)
      t.equal(statusCode, 200)
    }
  }
  return race
}

t.test('prompt=none: a logout meanwhile leaves no code, also for a trusted app', async t => {
  for (const user of [null, { id: 3 }]) {
    const race = await openRace(t, { clients: [TRUSTED] })
    race.during = async () => { race.login.user = user }
    t.match(await race.askSilently(), { error: 'login_required', code: undefined })
    race.login.user = { id: 1 }
    t.match(await race.askSilently(), { code: /^eyJ/ })
  }
})

t.test('prompt=none: consent that is withdrawn meanwhile gives no code', async t => {
  for (const withdraw of [
    (app: FastifyInstance) => app.tokens.revokeUser(1),
    (app: FastifyInstance) => app.oauth.disconnect(1, 'photo-printer')
  ]) {
    const race = await openRace(t)
    await race.allow()
    t.match(await race.askSilently(), { code: /^eyJ/ })
    race.during = () => withdraw(race.app)
    t.match(await race.askSilently(), { error: 'consent_required', code: undefined })
    t.match(await race.askSilently(), { error: 'consent_required' }, 'nor later')
  }
})

t.test('prompt=none: of several at once none survives a logout everywhere', async t => {
  const race = await openRace(t)
  await race.allow()
  const others: Promise<Record<string, string>>[] = []
  race.during = async () => {
    others.push(...Array.from({ length: 3 }, () => race.askSilently()))
    await race.app.tokens.revokeUser(1)
  }
  const answers = [await race.askSilently(), ...await Promise.all(others)]
  t.same(answers.map(({ error }) => error), Array.from({ length: 4 }, () => 'consent_required'))
})

t.test('prompt=none: a code that waits is no consent', async t => {
  const race = await openRace(t)
  await race.allow(false)
  t.match(await race.askSilently(), { error: 'consent_required' })
})

t.test('disconnect: revokes a silent login that its list has missed', async t => {
  const store = memoryStore()
  const { list } = store
  const race = await openRace(t, {}, store)
  await race.allow()
  let code: string | undefined
  store.list = async (userId, now) => {
    const listed = await list(userId, now)
    store.list = list
    code = (await race.askSilently()).code
    return listed
  }
  t.equal(await race.app.oauth.disconnect(1, 'photo-printer'), 2)
  t.match(code, /^eyJ/, 'the consent was live')
  t.same(await race.app.tokens.sessions(1), [])
})
