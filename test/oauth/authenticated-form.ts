import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { authenticatedForm } from '../../plugin/oauth/client-authentication.ts'
import { readParameters } from '../../plugin/oauth/parameters.ts'
import { buildServer } from '../fixtures/oauth/authorization-server.ts'

t.test('authenticatedForm: refuses a repeated parameter before it looks up the client', async t => {
  const asked: string[] = []
  const { server, events } = await buildServer(t, {
    oauth: { findClient: id => { asked.push(id); return null } }
  })
  const requestWith = (form: string) => ({
    headers: {}, raw: { rawHeaders: [] }, ip: '192.0.2.1', body: readParameters(form)
  }) as unknown as FastifyRequest
  await t.rejects(authenticatedForm(server, requestWith('client_id=unknown&x=1&x=2')), {
    statusCode: 400, message: 'A parameter is there twice.'
  })
  t.same([asked, events], [[], []])
  await t.rejects(authenticatedForm(server, requestWith('client_id=unknown')), {
    statusCode: 401, message: 'The client is unknown, or its secret is wrong.'
  })
  t.same(asked, ['unknown'])
  t.match(events, [{ type: 'client_failed', clientId: 'unknown' }])
  const { client, form } = await authenticatedForm(server, requestWith('client_id=gallery&x=1'))
  t.same([client.id, form.get('x')], ['gallery', '1'])
})
