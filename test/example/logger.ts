import fastify from 'fastify'
import t from 'tap'
import { loggerWithoutQueries } from '../../example/logger.ts'

t.test('the log has the path of a request, and not its query', async t => {
  const lines: string[] = []
  const app = fastify({
    logger: { ...loggerWithoutQueries('info'), stream: { write: line => { lines.push(line) } } }
  })
  t.after(() => app.close())
  app.get('/callback', async () => ({}))
  await app.inject('/callback?code=secret&state=secret')
  const [{ req }] = lines.map(line => JSON.parse(line))
  t.strictSame(req, {
    method: 'GET', url: '/callback', host: 'localhost:80', remoteAddress: '127.0.0.1'
  })
  t.notMatch(lines.join(''), 'secret')
})
