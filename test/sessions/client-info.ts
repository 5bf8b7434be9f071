import fastify, { type FastifyRequest } from 'fastify'
import t from 'tap'
import { clientInfo, eventSubject, presentingClient } from '../../plugin/sessions/client-info.ts'
import { listenOnUnixSocket } from '../fixtures/servers/unix-socket.ts'

/** An app whose one route answers with what is made of the request. */
function answering (
  t: { after(close: () => unknown): void }, make: (request: FastifyRequest) => object
) {
  const app = fastify()
  t.after(() => app.close())
  app.post('/', async request => make(request))
  return app
}

t.test('the origin of a request is its address and its user agent', async t => {
  const reply = await answering(t, clientInfo).inject({
    method: 'POST',
    url: '/',
    remoteAddress: '203.0.113.1',
    headers: { 'user-agent': 'Firefox' }
  })
  t.same(reply.json(), { userAgent: 'Firefox', address: '203.0.113.1' })
})

t.test('presentingClient: the user agent, and the address as limits count it', async t => {
  const app = answering(t, presentingClient)
  const present = async (remoteAddress: string, headers: Record<string, string>) =>
    (await app.inject({ method: 'POST', url: '/', remoteAddress, headers })).json()
  t.same(await present('2001:db8:1:2::3', { 'user-agent': 'Firefox' }), {
    userAgent: 'Firefox', address: '2001:db8:1:2::'
  })
  t.same(await present('203.0.113.1', { 'user-agent': '' }), {
    userAgent: '', address: '203.0.113.1'
  })
  t.same(presentingClient({ headers: {} } as FastifyRequest), { userAgent: '', address: null },
    'a client without a user agent, behind a Unix socket')
  t.same(presentingClient(undefined), { userAgent: null, address: null }, 'the code of the host')
})

t.test('of a user agent 256 characters are kept', async t => {
  const reply = await answering(t, clientInfo).inject({
    method: 'POST',
    url: '/',
    headers: { 'user-agent': `${'x'.repeat(256)}y` }
  })
  t.equal(reply.json().userAgent, 'x'.repeat(256))
})

t.test('a request over a Unix socket comes from nowhere', async t => {
  const post = await listenOnUnixSocket(
    t,
    answering(t, request => ({
      origin: clientInfo(request),
      eventSubject: eventSubject({ userId: '1', sid: 's' }, request)
    }))
  )
  t.same(JSON.parse((await post({})).body), {
    origin: { userAgent: null, address: null },
    eventSubject: { userId: '1', sid: 's' }
  })
})

t.test('so does a call of the host\'s own code', async t => {
  t.same(clientInfo(undefined), { userAgent: null, address: null })
  t.same(eventSubject({ userId: '1', sid: 's' }, undefined), { userId: '1', sid: 's' })
})

t.test('eventSubject: names the client of a granted session, and none of a login', async t => {
  const subject = (clientId?: string | null) =>
    eventSubject({ userId: '1', sid: 's', ...clientId !== undefined && { clientId } }, undefined)
  const own = { userId: '1', sid: 's' }
  t.strictSame([subject(), subject(null)], [own, own])
  t.strictSame(subject('photo-printer'), { ...own, clientId: 'photo-printer' })
})

t.test('an event tells the user, the session and the address and nothing else', async t => {
  const app = answering(t, request =>
    eventSubject(
      { userId: '1', sid: 's', jti: 'secret' } as { userId: string, sid: string }, request
    )
  )
  t.equal(
    (await app.inject({ method: 'POST', url: '/', remoteAddress: '203.0.113.1' })).body,
    '{"userId":"1","sid":"s","address":"203.0.113.1"}'
  )
})
