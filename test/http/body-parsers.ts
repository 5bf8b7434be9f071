import t from 'tap'
import { buildApp } from '../fixtures/app.ts'

const REQUIRED = '{"username":["This field is required."],"password":["This field is required."]}'
const FORM = 'application/x-www-form-urlencoded'

t.test('a body is JSON or urlencoded, for any case and parameters of its type', async t => {
  const { app } = await buildApp(t)
  const good: [type: string, payload: string][] = [
    ['application/json', '{"username":"vitor","password":"123"}'],
    ['application/json; charset=utf-8', '{"username":"vitor","password":"123"}'],
    ['Application/JSON;charset=latin1', '{"username":"vitor","password":"123"}'],
    [FORM, 'username=vitor&password=123'],
    [`${FORM};charset=utf-8`, 'username=v%69tor&password=123&password=123'],
    [FORM, 'username=+vitor+&password=wrong&password=123']
  ]
  for (const [type, payload] of good) {
    for (const url of ['/api/token/', '/api/token']) {
      t.equal(
        (await app.inject({ method: 'POST', url, headers: { 'content-type': type }, payload }))
          .statusCode,
        200,
        `${type} ${payload}`
      )
    }
  }
})

t.test('any other content type is a 415 that repeats it, and the body is not read', async t => {
  const { app } = await buildApp(t)
  const types = [
    'text/plain', 'multipart/form-data; boundary=x', 'application/vnd.api+json',
    'application/jsonp', 'text/json', 'application', ';;;', 'application/json,text/plain', 'a"b\\c'
  ]
  for (const type of types) {
    const reply = await app.inject({
      method: 'POST',
      url: '/api/token/',
      headers: { 'content-type': type },
      payload: '{"username":{},"password":{}}'
    })
    t.equal(reply.statusCode, 415, type)
    t.equal(
      reply.body, JSON.stringify({ detail: `Unsupported media type "${type}" in request.` }), type
    )
  }
  const none = await app.inject({
    method: 'POST',
    url: '/api/token/',
    headers: { 'content-length': '2' },
    payload: Buffer.from('{}')
  })
  t.equal(none.body, '{"detail":"Unsupported media type \\"\\" in request."}')
})

t.test('an empty body of any content type, or none, has no fields', async t => {
  const { app } = await buildApp(t)
  for (const type of ['application/json', FORM, 'text/plain', undefined]) {
    const reply = await app.inject({
      method: 'POST',
      url: '/api/token/',
      headers: type === undefined ? {} : { 'content-type': type, 'content-length': '0' }
    })
    t.equal(reply.body, REQUIRED, type ?? 'none')
    t.equal(reply.statusCode, 400)
  }
})

t.test('text that is not JSON is a 400 that repeats none of it', async t => {
  const { app } = await buildApp(t)
  const bodies = [
    '{',
    '{"password":"secret"',
    "{'a':1}",
    '{"a":NaN}',
    '{} x',
    '\ufeff{}',
    Buffer.from('{"a":"\xff"}', 'latin1'),
    '['.repeat(8000)
  ]
  for (const payload of bodies) {
    const reply = await app.inject({
      method: 'POST',
      url: '/api/token/',
      headers: { 'content-type': 'application/json' },
      payload
    })
    t.equal(reply.statusCode, 400)
    t.match(reply.json().detail, /^JSON parse error - The body is not valid (JSON|UTF-8)\.$/)
  }
})

t.test('a body over 16 KiB is a 413', async t => {
  const { app } = await buildApp(t)
  for (const type of ['application/json', FORM]) {
    const reply = await app.inject({
      method: 'POST',
      url: '/api/token/',
      headers: { 'content-type': type },
      payload: 'x'.repeat(16_385)
    })
    t.equal(reply.statusCode, 413)
    t.equal(reply.body, '{"detail":"Request body is too large"}')
  }
})
