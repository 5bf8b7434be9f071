import fastify from 'fastify'
import t from 'tap'
import { hostParser } from '../../plugin/http/host-parser.ts'

const TYPE = 'application/json'

t.test('hostParser: returns a parser that reads no stream through Fastify', async t => {
  const app = fastify()
  t.after(() => app.close())
  const own = async () => 'own'
  app.addContentTypeParser(TYPE, own)
  app.addContentTypeParser('text/csv', { parseAs: 'string' }, own)
  t.equal(hostParser(app, TYPE), own)
  t.equal(hostParser(app, 'text/csv'), undefined)
  t.equal(hostParser(app, 'text/none'), undefined, 'a type without a parser')
  t.equal(hostParser(fastify(), TYPE), undefined, 'the default parser is not the host\'s own')
  await app.register(async scope => { t.equal(hostParser(scope, TYPE), own) })
})

t.test('hostParser: finds none where Fastify stores no parsers', async t => {
  t.equal(hostParser({} as never, TYPE), undefined)
  const renamed = { [Symbol('fastify.contentTypeParser')]: {} }
  t.equal(hostParser(renamed as never, TYPE), undefined)
})
