import type { RequestListener } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { tokenOf } from '../fixtures/load/key-traffic.ts'
import { newKey, startResourceServer } from '../fixtures/servers/resource-server.ts'
import { publicPart, serve } from '../fixtures/servers/serve.ts'

const key = newKey()

const issuers: Record<string, RequestListener> = {
  'answers with its keys': (_request, response) => {
    response.end(JSON.stringify({ keys: [publicPart(key)] }))
  },
  fails: (_request, response) => { response.writeHead(500).end() },
  'never answers': () => {},
  'never ends its answer': (_request, response) => { response.write('{') }
}

/**
 * Asks a resource server to end, perhaps while a request waits: the status of that, the exit code
 * and whether it took less than two seconds.
 */
async function end (
  t: Test, issuer: RequestListener, access?: string
): Promise<{ status: number | undefined, code: number | null, soon: boolean }> {
  const { url } = await serve(t, issuer)
  const server = await startResourceServer(t, url)
  const asked =
    access === undefined
      ? undefined
      : fetch(`${server.url}/hello/`, {
        headers: { authorization: `Bearer ${access}`, connection: 'close' }
      })
  await delay(300)
  const begun = performance.now()
  const code = await server.stop()
  const took = performance.now() - begun
  return { status: (await asked?.catch(() => undefined))?.status, code, soon: took < 2000 }
}

for (const [name, issuer] of Object.entries(issuers)) {
  t.test(`a resource server exits in time if its issuer ${name}`, async t => {
    t.same(await end(t, issuer), { status: undefined, code: 0, soon: true })
  })
}

t.test('a resource server answers 503 to a request that waits for keys, and exits', async t => {
  t.same(await end(t, issuers['never answers'] as RequestListener, await tokenOf(key)), {
    status: 503,
    code: 0,
    soon: true
  })
})
