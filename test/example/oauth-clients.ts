import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { clients, scopes } from '../../example/oauth-clients.ts'

t.test('Photo Printer has no secret, and each of its addresses is of this machine', async t => {
  const printer = clients.find(({ id }) => id === 'photo-printer')
  t.equal(printer?.secretHash, undefined)
  t.equal(printer?.trusted, undefined)
  t.strictSame(printer?.scopes, ['openid', 'profile', 'photos:read'])
  for (const uri of printer?.redirectUris ?? []) {
    t.match(uri, /^https?:\/\/(127\.0\.0\.1|localhost):\d+\/(callback|oauth\.html)$/)
  }
})

t.test('the lesson gets its answer at the demo, and at nginx in front of it', async t => {
  const [, nginx] = /^ +listen (\S+) ssl/m.exec(readFileSync('example/nginx.conf', 'utf8')) ?? []
  const printer = clients.find(({ id }) => id === 'photo-printer')
  for (const origin of ['http://127.0.0.1:8000', `https://${nginx}`]) {
    t.ok(printer?.redirectUris?.includes(`${origin}/oauth.html`), origin)
  }
})

t.test('the secrets of programs are those of the docs, and say so', async t => {
  for (const [id, page] of [
    ['nightly-report', 'example/README.md'], ['photo-api', 'docs/oauth.md']
  ] as const) {
    const secret = new RegExp(`${id}:(this-secret-is-public[\\w-]+)`)
      .exec(readFileSync(page, 'utf8'))?.[1] ?? ''
    const client = clients.find(client => client.id === id)
    const hash = createHash('sha256').update(secret).digest('base64url')
    t.equal(client?.secretHash, `sha256:${hash}`)
    const isApi = id === 'photo-api'
    t.strictSame(client?.grants, isApi ? [] : ['client_credentials'])
    t.equal(client?.introspects ?? false, isApi)
  }
})

t.test('no client has a scope that is not explained', async t => {
  for (const client of clients) {
    for (const scope of client.scopes ?? []) t.match(scopes, { [scope]: /^[A-Z]/ }, client.id)
  }
})
