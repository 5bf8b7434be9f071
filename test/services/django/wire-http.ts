import t from 'tap'
import { type Difference, type WireCase, compare } from '../../fixtures/wire/differential.ts'
import { skipUnlessDjango, startDjango } from '../../fixtures/servers/django.ts'
import { type WireRequest, asJson } from '../../fixtures/clients/exchange.ts'
import { peerAt, startOurs } from '../../fixtures/wire/peer.ts'

const LOGIN = '/api/token/'
const ROUTES = [LOGIN, '/api/token/refresh/', '/api/token/verify/', '/api/token/blacklist/']
const JSON_BODY = '{"username":"vitor","password":"123"}'

const bare = (name: string, method: string, target = LOGIN): WireCase => ({
  name,
  request: () => ({ method, target })
})
const typed = (name: string, type: string, body: string): WireCase => ({
  name,
  request: () => ({ method: 'POST', target: LOGIN, headers: ['Content-Type', type], body })
})
const login = (name: string, headers: string[], changes: Partial<WireRequest> = {}): WireCase => ({
  name,
  request: () => ({
    ...asJson(LOGIN, JSON_BODY),
    headers: ['Content-Type', 'application/json', ...headers],
    ...changes
  })
})

const multipart = '--x\r\nContent-Disposition: form-data; name="username"\r\n\r\nvitor\r\n--x--\r\n'

const cases: WireCase[] = [
  ...[
    'GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'PURGE', 'BREW'
  ].flatMap(method => ROUTES.map(route => bare(`${method} ${route}`, method, route))),
  login('PUT with a body', [], { method: 'PUT' }),
  login('DELETE with a body that is not JSON', [], { method: 'DELETE', body: '{' }),
  typed('JSON with a charset', 'application/json; charset=utf-8', JSON_BODY),
  typed('JSON with a type in capitals', 'APPLICATION/JSON', JSON_BODY),
  typed(
    'a form with a charset',
    'application/x-www-form-urlencoded; charset=UTF-8',
    'username=vitor&password=123'
  ),
  typed('plain text', 'text/plain', JSON_BODY),
  typed('plain text with a charset', 'text/plain; charset=utf-8', JSON_BODY),
  typed('a type of JSON that is not JSON', 'application/json-patch+json', JSON_BODY),
  typed('an odd type', 'x', JSON_BODY),
  typed('an empty type', '', JSON_BODY),
  typed('a multipart form', 'multipart/form-data; boundary=x', multipart),
  typed('an empty form', 'application/x-www-form-urlencoded', ''),
  typed('an empty plain text', 'text/plain', ''),
  {
    name: 'a body without a type',
    request: () => ({ method: 'POST', target: LOGIN, body: JSON_BODY })
  },
  {
    name: 'an empty body without a type',
    request: () => ({ method: 'POST', target: LOGIN, body: '' })
  },
  bare('no body and no type', 'POST'),
  login('a query string', [], { target: `${LOGIN}?username=nobody` }),
  login('an Authorization header that is broken', ['Authorization', 'Bearer a b c']),
  login('an Authorization header with a token that is not one', ['Authorization', 'Bearer abc']),
  login('an Accept header for JSON', ['Accept', 'application/json']),
  login('an Accept header for all', ['Accept', 'text/html, */*;q=0.1']),
  login('an Accept header for HTML alone', ['Accept', 'text/html']),
  login('POST without the slash', [], { target: '/api/token' }),
  bare('GET without the slash', 'GET', '/api/token'),
  login('POST to refresh without the slash', [], { target: '/api/token/refresh' }),
  login('two slashes', [], { target: '/api/token//' }),
  bare('another path', 'GET', '/api/token/nothing/'),
  login('POST to another path', [], { target: '/api/token/nothing/' }),
  login('a path in capitals', [], { target: '/API/token/' }),
  login('a path with an escape', [], { target: '/api/%74oken/' })
]

const PAIR = '200 {"refresh":"JWT","access":"JWT"}'
const atEveryRoute = (method: string): string[] => ROUTES.map(route => `${method} ${route}`)

const onPurpose: Difference[] = [
  {
    why: 'HEAD has no body',
    django: '405 {"detail":"Method \\"HEAD\\" not allowed."}, allow POST, OPTIONS',
    ours: '405 , allow POST, OPTIONS',
    of: atEveryRoute('HEAD')
  },
  {
    why: 'OPTIONS is 204 with Allow',
    django: /^200 \{"name":"Token .*\}$/,
    ours: '204 , allow POST, OPTIONS',
    of: atEveryRoute('OPTIONS')
  },
  {
    why: 'Node refuses a method that it does not know before any plugin is asked',
    django: '405 {"detail":"Method \\"BREW\\" not allowed."}, allow POST, OPTIONS',
    ours: '400 {"error":"Bad Request","message":"Client Error","statusCode":400}',
    of: atEveryRoute('BREW')
  },
  {
    why: 'bodies are JSON or urlencoded',
    django: '400 {"password":["This field is required."]}',
    ours:
      '415 {"detail":"Unsupported media type \\"multipart/form-data; boundary=x\\" in ' +
      'request."}',
    of: ['a multipart form']
  },
  {
    why: 'there is no 406',
    django: '406 {"detail":"Could not satisfy the request Accept header."}',
    ours: PAIR,
    of: ['an Accept header for HTML alone']
  },
  {
    why: 'a missing slash is no redirect',
    django: '301 ',
    ours: PAIR,
    of: ['POST without the slash']
  },
  {
    why: 'a missing slash is no redirect',
    django: '301 ',
    ours: '405 {"detail":"Method \\"GET\\" not allowed."}, allow POST, OPTIONS',
    of: ['GET without the slash']
  },
  {
    why: 'a missing slash is no redirect',
    django: '301 ',
    ours: '400 {"refresh":["This field is required."]}',
    of: ['POST to refresh without the slash']
  },
  {
    why: '404 is JSON',
    django: /^404 \n<!doctype html>/,
    ours: '404 {"detail":"Not found."}',
    of: ['two slashes', 'another path', 'POST to another path']
  },
  {
    why: "a path that is not below the prefix is the host's",
    django: /^404 \n<!doctype html>/,
    ours: '404 {"message":"Route POST:/API/token/ not found","error":"Not Found","statusCode":404}',
    of: ['a path in capitals']
  }
]

t.test('answers by method, path and type match Django', { skip: skipUnlessDjango() }, async t => {
  const [port, { ours }] = await Promise.all([startDjango(t), startOurs(t)])
  await compare(t, { django: peerAt(port), ours }, cases, onPurpose)
})
