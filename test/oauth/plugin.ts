import { type RequestListener, get } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { DAY, MINUTE } from '../fixtures/app.ts'
import { CALLBACK, type DocumentApp, openDocumentApp } from '../fixtures/oauth/document-app.ts'
import { openDocumentHost, serveDocuments } from '../fixtures/oauth/document-host.ts'
import {
  type AuthorizeParameters, decide, goThrough, logIn, redirectOf
} from '../fixtures/oauth/person.ts'
import { type OAuthServer, openOAuthServer } from '../fixtures/oauth/server.ts'
import { exchangeForm, requestToken } from '../fixtures/oauth/token-request.ts'

/** Logs a user in for the app. Returns the tokens. */
async function connect ({ url, client, verifier, ask }: DocumentApp) {
  const callback = await goThrough(ask())
  const code = callback.searchParams.get('code') as string
  const form = { ...exchangeForm(code, verifier), client_id: client, redirect_uri: CALLBACK }
  return requestToken(url, form, null)
}

/** What the consent page gets for an authorization request. */
async function detailsOf (url: string, authorizeUrl: string, access?: string) {
  const page = await redirectOf(authorizeUrl)
  const authorization = page.searchParams.get('authorization') as string
  const reply = await fetch(`${url}/oauth/authorization/?${new URLSearchParams({ authorization })}`,
    access === undefined ? {} : { headers: { authorization: `Bearer ${access}` } })
  return { page, authorization, status: reply.status, body: await reply.json() }
}

t.test('documents: the metadata says that they are read, and only then', async t => {
  const metadata = async ({ url }: OAuthServer): Promise<object> => {
    const reply = await fetch(`${url}/.well-known/oauth-authorization-server`)
    return await reply.json() as object
  }
  t.match(await metadata(await openDocumentApp(t)), { client_id_metadata_document_supported: true })
  t.notOk('client_id_metadata_document_supported' in await metadata(await openOAuthServer(t)))
})

t.test('documents: an app that the host does not know logs a user in', async t => {
  const place = await openDocumentApp(t)
  const { url, client, host, clock } = place
  const { status, body } = await connect(place)
  t.equal(status, 200)
  const photos = async (access: unknown) => {
    const reply = await fetch(`${url}/photos/`, { headers: { authorization: `Bearer ${access}` } })
    return [reply.status, await reply.json()]
  }
  t.same(await photos(body.access_token), [200, { user_id: '1', client_id: client }])

  clock.advance(MINUTE)
  const refreshed = await requestToken(url, {
    grant_type: 'refresh_token', refresh_token: String(body.refresh_token), client_id: client
  }, null)
  t.equal(refreshed.status, 200)
  t.same(host.requests, ['/client.json'], 'one fetch for all')

  const access = await logIn(url)
  const list = await fetch(`${url}/api/token/sessions/`,
    { headers: { authorization: `Bearer ${access}` } })
  t.match(JSON.stringify(await list.json()), `"client_id":"${client}"`)
  const revoked = await fetch(`${url}/oauth/revoke`, {
    method: 'POST',
    body: new URLSearchParams({ client_id: client, token: String(refreshed.body.refresh_token) })
  })
  t.equal(revoked.status, 200)
  t.equal((await photos(refreshed.body.access_token))[0], 401)
})

t.test('documents: the page gets the URL of the app, and always asks', async t => {
  const place = await openDocumentApp(t, { listener: serveDocuments({ client_name: 'My Bank' }) })
  await connect(place)
  const { body } = await detailsOf(place.url, place.ask(), await logIn(place.url))
  t.match(body, {
    client: { id: place.client, name: 'My Bank', trusted: false },
    redirect_host: 'frame.example',
    loopback: false,
    asks: true
  })
  const loopback = await detailsOf(place.url,
    place.ask({ redirect_uri: 'http://127.0.0.1:5000/callback' }))
  t.match(loopback.body, { redirect_host: '127.0.0.1:5000', loopback: true })
})

t.test('documents: an error is shown by the page, and does not go to the app', async t => {
  const place = await openDocumentApp(t)
  const cases: [AuthorizeParameters, string][] = [
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ code_challenge: undefined }, 'invalid_request'],
    [{ scope: 'admin' }, 'invalid_scope'],
    [{ resource: 'https://other.example/' }, 'invalid_target'],
    [{ prompt: 'none' }, 'login_required']
  ]
  for (const [parameters, code] of cases) {
    const { page, status, body, authorization } = await detailsOf(place.url, place.ask(parameters))
    t.equal(page.pathname, '/connect', code)
    t.same([...page.searchParams.keys()], ['authorization'])
    t.equal(status, 400)
    t.match(body, { detail: /^The |^PKCE /, code })
    const decision = await decide(place.url, authorization, await logIn(place.url))
    t.equal(decision.status, 400, 'and no decision answers it')
    t.match(await decision.json(), { code })
  }
})

t.test('documents: prompt=none goes to no app, also for a user who has allowed it', async t => {
  const place = await openDocumentApp(t, {
    loggedIn: () => ({ user: { id: 1 }, at: Date.now() - MINUTE })
  })
  await connect(place)
  const { page, body } = await detailsOf(place.url, place.ask({ prompt: 'none' }))
  t.equal(page.pathname, '/connect')
  t.match(body, { code: 'consent_required' })
})

t.test('documents: the user may say no, and the app gets that', async t => {
  const place = await openDocumentApp(t)
  const answer = await goThrough(place.ask(), { allow: false })
  t.equal(answer.origin + answer.pathname, CALLBACK)
  t.equal(answer.searchParams.get('error'), 'access_denied')
})

t.test('documents: without a usable one the app is unknown', async t => {
  const listeners: Record<string, RequestListener> = {
    'no document': (_request, response) => { response.writeHead(404).end() },
    'the document of another app': serveDocuments({ client_id: 'https://other.example/client' }),
    'a redirect': (_request, response) => {
      response.writeHead(302, { location: 'https://frame.example/' }).end()
    }
  }
  for (const [name, listener] of Object.entries(listeners)) {
    const { url, client, ask, count } = await openDocumentApp(t, { listener })
    const reply = await fetch(ask(), { redirect: 'manual' })
    t.equal(reply.status, 400, name)
    t.match(await reply.json(), { error: 'invalid_request' })
    const token = await requestToken(url, {
      grant_type: 'refresh_token', refresh_token: 'x', client_id: client
    }, null)
    t.equal(token.status, 401)
    t.match(token.body, { error: 'invalid_client' })
    t.equal(count('client_failed'), 1)
  }
})

t.test('documents: a redirect URI that the document does not have is refused', async t => {
  const { ask } = await openDocumentApp(t)
  const reply = await fetch(ask({ redirect_uri: 'https://evil.example/' }), { redirect: 'manual' })
  t.equal(reply.status, 400)
  t.equal(reply.headers.get('location'), null)
})

t.test('documents: the URL of a resource server is no app', async t => {
  const host = await openDocumentHost(t, serveDocuments())
  const resource = host.urlOf('/mcp')
  const { ask } = await openDocumentApp(t, { host, resources: [resource] })
  const reply = await fetch(ask({ client_id: resource }), { redirect: 'manual' })
  t.equal(reply.status, 400)
  t.same(host.requests, [])
})

t.test('documents: the option says which hosts may have apps', async t => {
  const asked: string[] = []
  const place = await openDocumentApp(t, {
    metadataDocuments: {
      allow: host => {
        asked.push(host)
        return false
      }
    }
  })
  t.equal((await fetch(place.ask(), { redirect: 'manual' })).status, 400)
  t.same(asked, ['app.example'])
  t.same(place.host.requests, [])
})

t.test('documents: without the option no URL is fetched', async t => {
  const { ask, host } = await openDocumentApp(
    t, { metadataDocuments: false, findClient: () => null })
  t.equal((await fetch(ask(), { redirect: 'manual' })).status, 400)
  t.same(host.requests, [])
})

t.test('documents: clients of the host are found as before', async t => {
  const { ask, host } = await openDocumentApp(t, {
    clients: [{ id: 'gallery', name: 'Gallery', redirectUris: [CALLBACK] }]
  })
  t.equal((await redirectOf(ask({ client_id: 'gallery' }))).pathname, '/connect')
  t.same(host.requests, [])
})

t.test('documents: an app whose host is down goes on, for a day', async t => {
  const documents = serveDocuments()
  let isDown = false
  const place = await openDocumentApp(t, {
    listener: (request, response) => {
      if (isDown) response.writeHead(503).end()
      else documents(request, response)
    }
  })
  const { body } = await connect(place)
  isDown = true
  const refresh = (token: unknown) => requestToken(place.url, {
    grant_type: 'refresh_token', refresh_token: String(token), client_id: place.client
  }, null)
  place.clock.advance(DAY - MINUTE)
  const refreshed = await refresh(body.refresh_token)
  t.equal(refreshed.status, 200)
  place.clock.advance(2 * MINUTE)
  t.match(await refresh(refreshed.body.refresh_token),
    { status: 401, body: { error: 'invalid_client' } })
})

t.test('documents: closing the app ends a fetch', async t => {
  const { app, ask, host } = await openDocumentApp(t, { listener: () => {} })
  // Without an agent the connection does not stay open.
  const asking = new Promise<number | undefined>((resolve, reject) => {
    get(ask(), { agent: false }, reply => resolve(reply.resume().statusCode)).once('error', reject)
  })
  while (host.requests.length === 0) await setTimeout(5)
  const begun = performance.now()
  await app.close()
  t.ok(performance.now() - begun < 4000)
  t.equal(await asking, 400)
})
