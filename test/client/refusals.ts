import t from 'tap'
import { expired } from '../fixtures/client/expired-client.ts'
import { json, noAnswer, noNetwork, page, tokens } from '../fixtures/client/fake-server.ts'

const FAILURES: Record<string, () => Response | Promise<Response>> = {
  'no network': noNetwork,
  'a status of 429': json(429),
  'a status of 500': json(500),
  'a page of a proxy': page(502),
  'a status of 503': json(503, {}, { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }),
  'a page of a captive portal': page(200),
  'a 401 of a proxy': page(401)
}

for (const [name, failure] of Object.entries(FAILURES)) {
  t.test(`refresh: tries again for eight seconds: ${name}`, async t => {
    const { client, waits } = await expired(t, [failure])
    const { user } = client
    await t.rejects(client.fetch('/hello/'), { name: 'AuthError', code: 'unavailable' })
    t.same(waits(), [0, 250, 750, 1750, 2750, 3750, 4750, 5750, 6750, 7750])
    t.equal(client.user, user, 'the user is still logged in')
  })

  t.test(`refresh: goes on after ${name}`, async t => {
    const { client, waits } = await expired(t, [failure, failure, tokens])
    t.equal((await client.fetch('/hello/')).status, 200)
    t.same(waits(), [0, 250, 750])
  })
}

t.test('refresh: limits the time of an attempt', async t => {
  const { client, waits } = await expired(t, [noAnswer])
  await t.rejects(client.token(), { code: 'unavailable', cause: { name: 'AbortError' } })
  t.same(waits(), [0, 4250])
})

t.test('refresh: limits an attempt as the option "timeout" says', async t => {
  const { client, waits } = await expired(t, [noAnswer, noAnswer, tokens], { timeout: 1.5 })
  t.ok(await client.token())
  t.same(waits(), [0, 1750, 3750])
})

t.test('refresh: waits longer by up to a quarter, by chance', async t => {
  const { client, waits } = await expired(t, [json(503), json(503), tokens])
  Math.random = () => 1
  await client.token()
  t.same(waits(), [0, 313, 938])
})

t.test('refresh: follows Retry-After', async t => {
  const { client, waits } = await expired(t, [
    json(429, {}, { 'retry-after': '3' }), json(503, {}, { 'retry-after': '0' }), tokens
  ])
  await client.token()
  t.same(waits(), [0, 3000, 3500])
})

t.test('refresh: starts again with the next call', async t => {
  const { client, server } = await expired(t, [noNetwork])
  await t.rejects(client.token(), { code: 'unavailable' })
  server.script = [noNetwork, tokens]
  t.ok(await client.token())
})

t.test('refresh: throws for a mistake in the setup, and logs no user out', async t => {
  for (const status of [400, 403, 404, 408]) {
    const refusal = json(status, { code: 'csrf_failed', detail: 'CSRF Failed' })
    const { client, waits } = await expired(t, [refusal])
    const { user } = client
    await t.rejects(client.fetch('/hello/'), {
      name: 'AuthError', message: 'CSRF Failed', code: 'csrf_failed', status
    })
    t.same(waits(), [0])
    t.equal(client.user, user)
  }
})

t.test('refresh: throws for a refusal without a body', async t => {
  const { client } = await expired(t, [page(404)])
  await t.rejects(client.token(), {
    message: 'The server answered 404.', code: 'invalid', status: 404
  })
})

t.test('refresh: takes JSON without tokens for no answer of the server', async t => {
  for (const body of [{}, { access: 'text' }, { access: 7 }, { access: 'a.b.c' }, []]) {
    const { client } = await expired(t, [json(200, body)])
    const { user } = client
    await t.rejects(client.token(), { code: 'unavailable' })
    t.equal(client.user, user)
  }
  for (const content of ['null', '"text"', '7']) {
    const { client } = await expired(t, [() => new Response(content)])
    await t.rejects(client.token(), { code: 'unavailable' }, content)
  }
})

t.test('refresh: logs out at a 401', async t => {
  const { client, server } = await expired(t, [json(401)])
  t.equal(await client.token(), null)
  t.equal(client.user, null)
  t.equal(await client.token(), null)
  t.equal(server.times.length, 1, 'the client sends one request')
})
