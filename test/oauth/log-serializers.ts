import fastify, { type FastifyServerOptions } from 'fastify'
import t, { type Test } from 'tap'
import { withoutQueries } from '../../plugin/oauth/log-serializers.ts'

type Logger = Exclude<FastifyServerOptions['logger'], boolean | undefined>

/** Returns the `req` of each line that an app logs of a request. */
async function loggedRequests (
  t: Test, logger: Logger = {}
): Promise<Record<string, unknown>[]> {
  const lines: { req?: Record<string, unknown> }[] = []
  const app = fastify({
    logger: { ...logger, stream: { write: (line: string) => { lines.push(JSON.parse(line)) } } }
  })
  await app.register(async scope => {
    scope.get('/', async ({ url, log }) => { log.info('handled'); return url })
  }, { prefix: '/oauth', logSerializers: withoutQueries(app) })
  const reply = await app.inject({ url: '/oauth?state=x&next=a?b\n', remoteAddress: '192.0.2.1' })
  await app.close()
  t.match(reply.body, 'state=x', 'the handler gets the query')
  return lines.flatMap(({ req }) => req === undefined ? [] : [req])
}

t.test('log serializers: a request is logged without its query', async t => {
  t.match(await loggedRequests(t), [
    { method: 'GET', url: '/oauth', host: 'localhost:80', remoteAddress: '192.0.2.1' }
  ])
})

t.test('log serializers: a request is logged by the serializer of the app', async t => {
  const req = ({ url, ip }: { url: string, ip: string }) => ({ path: url, ip })
  t.same(await loggedRequests(t, { serializers: { req } as never }),
    [{ path: '/oauth', ip: '192.0.2.1' }])
})

t.test('log serializers: a logger without serializers stays as it is', async t => {
  const app = fastify()
  t.after(() => app.close())
  t.same(withoutQueries(app), {})
})
