import fastify from 'fastify'
import t from 'tap'
import { endpointsOf } from '../../plugin/oauth/endpoints.ts'
import { errorUrl, redirectTo, successUrl } from '../../plugin/oauth/redirect.ts'

const server = { endpoints: endpointsOf('https://login.example/a', '', '/oauth') }
const ISS = 'iss=https%3A%2F%2Flogin.example%2Fa'

t.test('redirect: a code comes with state and iss (RFC 9207)', async t => {
  for (const [redirectUri, state, expected] of [
    ['https://a.example/cb', 's', `https://a.example/cb?code=c&state=s&${ISS}`],
    ['https://a.example/cb?x=1', 's', `https://a.example/cb?x=1&code=c&state=s&${ISS}`],
    ['https://a.example/cb?x=1', 'a b&c', `https://a.example/cb?x=1&code=c&state=a+b%26c&${ISS}`],
    ['https://a.example', undefined, `https://a.example?code=c&${ISS}`],
    ['com.example.app:/cb', '\r\n', `com.example.app:/cb?code=c&state=%0D%0A&${ISS}`]
  ] as const) {
    t.equal(successUrl(server, { redirectUri, state }, 'c'), expected)
  }
})

t.test('redirect: an error comes with its description, state and iss', async t => {
  const place = { redirectUri: 'https://a.example/cb', state: 's' }
  const refusal = { error: 'access_denied', description: 'The user said no.' } as const
  t.equal(errorUrl(server, place, refusal), 'https://a.example/cb?error=access_denied&' +
    `error_description=The+user+said+no.&state=s&${ISS}`)
  t.notMatch(errorUrl(server, { ...place, state: undefined }, refusal), /state/)
})

t.test('redirect: is a 303 without a Referer, whatever the host had set', async t => {
  const app = fastify()
  t.after(() => app.close())
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('referrer-policy', 'unsafe-url')
  })
  app.post('/', (_request, reply) => redirectTo(reply, '/connect?a=1'))
  const { statusCode, headers, body } = await app.inject({ method: 'POST', url: '/' })
  t.same([statusCode, headers.location, headers['referrer-policy'], body],
    [303, '/connect?a=1', 'no-referrer', ''])
})
