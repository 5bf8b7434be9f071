import fastify, { type LightMyRequestResponse } from 'fastify'
import t from 'tap'
import { sendCacheable } from '../../plugin/http/cacheable-reply.ts'

const TYPE = 'application/json; charset=utf-8'

async function build (t: { after(close: () => unknown): void }) {
  const app = fastify()
  t.after(() => app.close())
  app.get<{ Params: { body: string } }>('/:body', (request, reply) =>
    sendCacheable(request, reply, request.params.body, TYPE))
  return (body: string, known?: string): Promise<LightMyRequestResponse> =>
    app.inject({ url: `/${body}`, headers: known === undefined ? {} : { 'if-none-match': known } })
}

t.test('cacheable reply: has its type, its time and a tag of its text', async t => {
  const ask = await build(t)
  const { statusCode, headers, body } = await ask('a')
  t.same([statusCode, body, headers['content-type'], headers['cache-control']],
    [200, 'a', TYPE, 'public, max-age=300'])
  t.match(headers.etag, /^"[\w-]{43}"$/)
  t.equal((await ask('a')).headers.etag, headers.etag)
  t.not((await ask('b')).headers.etag, headers.etag)
})

t.test('cacheable reply: is a 304 for a known tag (RFC 9110 section 13.1.2)', async t => {
  const ask = await build(t)
  const etag = (await ask('a')).headers.etag as string
  for (const known of [etag, `W/${etag}`, `"x", ${etag}`, `${etag},"x"`, '*']) {
    const { statusCode, headers, body } = await ask('a', known)
    t.same([statusCode, body, headers.etag, headers['cache-control']],
      [304, '', etag, 'public, max-age=300'], known)
  }
  for (const other of ['', '"x"', etag.slice(1, -1), `w/${etag}`, '**']) {
    t.equal((await ask('a', other)).statusCode, 200, other)
  }
  t.equal((await ask('b', etag)).statusCode, 200)
})
