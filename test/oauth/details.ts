import t from 'tap'
import { detailsOf } from '../../plugin/oauth/details.ts'
import { AUDIENCE, GALLERY, authorizationOf, buildServer } from
  '../fixtures/oauth/authorization-server.ts'

t.test('details: names the client, its scopes and the place that the answer goes to', async t => {
  const test = await buildServer(t)
  t.strictSame(detailsOf(test.server, await authorizationOf(test)), {
    client: { id: 'photo-printer', name: 'Photo Printer', trusted: false },
    scopes: [{ name: 'photos:read', description: 'See your photos' }],
    resource: AUDIENCE,
    redirectHost: 'print.example',
    loopback: false,
    prompt: undefined,
    maxAge: undefined,
    loginHint: undefined,
    uiLocales: undefined
  })
})

const PLACES: [client: string, redirectUri: string, host: string, loopback: boolean][] = [
  ['terminal', 'http://127.0.0.1:53219/callback', '127.0.0.1:53219', true],
  ['terminal', 'http://[::1]:8080/callback', '[::1]:8080', true],
  ['phone', 'com.example.phone:/callback', 'com.example.phone', false],
  ['gallery', 'https://gallery.example:8443/?from=127.0.0.1', 'gallery.example:8443', false]
]

t.test('details: shows the host of the redirect URI, or the scheme of a native app', async t => {
  const test = await buildServer(t)
  for (const [client, redirectUri, redirectHost, loopback] of PLACES) {
    t.match(detailsOf(test.server, await authorizationOf(test, { client, redirectUri })),
      { redirectHost, loopback }, redirectUri)
  }
})

t.test('details: shows the home page of a client that has one', async t => {
  const uri = 'https://gallery.example/'
  const test = await buildServer(t, { oauth: { clients: [{ ...GALLERY, uri }] } })
  const { client } = detailsOf(test.server, await authorizationOf(test, { client: 'gallery' }))
  t.equal(client.uri, uri)
})

t.test('details: shows whether the client is trusted, and what it says of the login', async t => {
  const test = await buildServer(t)
  const said = { prompt: 'login', maxAge: 0, loginHint: 'vitor', uiLocales: 'de' }
  const authorization = await authorizationOf(test, { client: 'intranet', ...said })
  const details = detailsOf(test.server, authorization)
  t.match(details, said)
  t.equal(details.client.trusted, true)
})
