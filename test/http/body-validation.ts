import t from 'tap'
import fc from 'fast-check'
import { buildApp } from '../fixtures/app.ts'
import { compileFields } from '../../plugin/http/body-validation.ts'
import { loginFieldSchemas, refreshSchema } from '../../plugin/routes/schemas.ts'

const SCHEMA = {
  type: 'object' as const,
  required: ['username', 'password'],
  properties: loginFieldSchemas({ usernameField: 'username', usernameMaxLength: 255 })
}

const TOO_LONG = 'Ensure this field has no more than 255 characters.'

/** A body, as JSON text where an object could not say it, and SimpleJWT's answer to the letter. */
const CASES: [what: string, body: string, answer: string][] = [
  [
    'no fields', '{}',
    '{"username":["This field is required."],"password":["This field is required."]}'
  ],
  [
    'an empty body', '',
    '{"username":["This field is required."],"password":["This field is required."]}'
  ],
  ['no password', '{"username":"vitor"}', '{"password":["This field is required."]}'],
  [
    'an inherited name is no field', '{"__proto__":{"username":"vitor","password":"123"}}',
    '{"username":["This field is required."],"password":["This field is required."]}'
  ],
  [
    'a blank password', '{"username":"vitor","password":""}',
    '{"password":["This field may not be blank."]}'
  ],
  [
    'a blank user name', '{"username":" \\t\\n","password":"123"}',
    '{"username":["This field may not be blank."]}'
  ],
  ['null', '{"username":"vitor","password":null}', '{"password":["This field may not be null."]}'],
  ['a boolean', '{"username":true,"password":"123"}', '{"username":["Not a valid string."]}'],
  ['a list', '{"username":["vitor"],"password":"123"}', '{"username":["Not a valid string."]}'],
  [
    'an object', '{"username":{"$ne":null},"password":"123"}',
    '{"username":["Not a valid string."]}'
  ],
  ['a number', '{"username":"vitor","password":123}', '{"password":["Not a valid string."]}'],
  [
    'both wrong', '{"username":null,"password":1}',
    '{"username":["This field may not be null."],"password":["Not a valid string."]}'
  ],
  [
    'NUL', '{"username":"vi\\u0000tor","password":"123"}',
    '{"username":["Null characters are not allowed."]}'
  ],
  [
    'a lone surrogate', '{"username":"\\ud800","password":"123"}',
    '{"username":["Surrogate characters are not allowed: U+D800."]}'
  ],
  [
    'NUL and a lone surrogate',
    '{"username":"vitor","password":"\\u0000\\udfff"}',
    '{"password":["Null characters are not allowed.","Surrogate characters are not allowed: ' +
      'U+DFFF."]}'
  ],
  [
    'a list at the top', '[]',
    '{"non_field_errors":["Invalid data. Expected a dictionary, but got list."]}'
  ],
  [
    'a string at the top', '"x"',
    '{"non_field_errors":["Invalid data. Expected a dictionary, but got str."]}'
  ],
  [
    'an integer at the top', '1',
    '{"non_field_errors":["Invalid data. Expected a dictionary, but got int."]}'
  ],
  [
    'a fraction at the top', '1.5',
    '{"non_field_errors":["Invalid data. Expected a dictionary, but got float."]}'
  ],
  [
    'a boolean at the top', 'false',
    '{"non_field_errors":["Invalid data. Expected a dictionary, but got bool."]}'
  ],
  ['null at the top', 'null', '{"non_field_errors":["No data provided"]}']
]

t.test('a field that is missing or odd is a 400 in the words of Django REST Framework', async t => {
  const { app } = await buildApp(t)
  for (const [what, payload, answer] of CASES) {
    const reply = await app.inject({
      method: 'POST',
      url: '/api/token/',
      headers: { 'content-type': 'application/json' },
      payload
    })
    t.equal(reply.body, answer, what)
    t.equal(reply.statusCode, 400, what)
    t.equal(reply.headers['www-authenticate'], undefined, what)
  }
})

t.test('a surrogate pair is accepted, and the last of two equal fields counts', async t => {
  const { app } = await buildApp(t, {
    verifyCredentials: ({ username, password }) =>
      username === '😀' && password === '2' ? { id: 1 } : null
  })
  const payload = '{"username":"\\ud83d\\ude00","password":"1","password":"2"}'
  const reply = await app.inject({
    method: 'POST',
    url: '/api/token/',
    headers: { 'content-type': 'application/json' },
    payload
  })
  t.equal(reply.statusCode, 200)
})

/** Answers of Django REST Framework to a `CharField(max_length=255)`. */
const LENGTHS: [what: string, username: string, problems: string[]][] = [
  ['255 characters', 'x'.repeat(255), []],
  ['255 characters of two UTF-16 units', '😀'.repeat(255), []],
  ['255 characters between spaces', ` ${'x'.repeat(255)} \n`, []],
  ['256 characters', 'x'.repeat(256), [TOO_LONG]],
  ['256 characters of two UTF-16 units', '😀'.repeat(256), [TOO_LONG]],
  ['256 characters and a NUL', `${'x'.repeat(256)}\0`, [
    TOO_LONG, 'Null characters are not allowed.'
  ]],
  ['a surrogate behind 255 characters', `${'x'.repeat(255)}\ud800`, [
    TOO_LONG, 'Surrogate characters are not allowed: U+D800.'
  ]],
  ['511 UTF-16 units, spaces included', `${' '.repeat(510)}x`, [TOO_LONG]],
  ['16 KB', 'x'.repeat(16_000), [TOO_LONG]]
]

t.test('login field: is bounded in characters, after trimming', async t => {
  const seen: string[] = []
  const { post } = await buildApp(t, {
    verifyCredentials: ({ username }) => { seen.push(username); return null }
  })
  for (const [what, username, problems] of LENGTHS) {
    seen.length = 0
    const reply = await post('/api/token/', { username, password: '123' })
    t.equal(reply.statusCode, problems.length === 0 ? 401 : 400, what)
    if (problems.length > 0) t.same(reply.json(), { username: problems }, what)
    t.same(seen, problems.length === 0 ? [username.trim()] : [], what)
  }
})

t.test('login field: the bound is usernameMaxLength, for the field of usernameField', async t => {
  const { post } = await buildApp(t, { usernameField: 'email', usernameMaxLength: 3 })
  const reply = await post('/api/token/', { email: 'long', password: 'x'.repeat(1000) })
  t.equal(reply.body, '{"email":["Ensure this field has no more than 3 characters."]}')
  t.equal((await post('/api/token/', { email: 'abc', password: '1' })).statusCode, 401)
})

t.test('a field that is not required may be left out, and is checked if it is there', async t => {
  const schema = refreshSchema('browsers', true).body
  const validate = compileFields({ schema, method: 'POST', url: '/', httpPart: 'body' })
  t.strictSame(validate({ other: 1 }), { value: {} })
  t.strictSame(validate({ refresh: ' x ' }), { value: { refresh: 'x' } })
  t.match(validate({ refresh: '' }), { error: { statusCode: 400 } })
  t.match(validate({ refresh: null }), { error: { statusCode: 400 } })
})

t.test('only bodies are checked', async t => {
  const validate = compileFields({
    schema: SCHEMA,
    method: 'POST',
    url: '/',
    httpPart: 'params'
  })
  t.equal(validate({ anything: 1 }), true)
})

t.test('compileFields: never throws and passes only text', async t => {
  const validate = compileFields({
    schema: SCHEMA,
    method: 'POST',
    url: '/',
    httpPart: 'body'
  })
  fc.assert(
    fc.property(
      fc.oneof(
        fc.jsonValue(),
        fc.record({ username: fc.anything(), password: fc.string({ unit: 'binary' }) })
      ),
      body => {
        const result = validate(body) as {
          value?: Record<string, unknown>
          error?: { statusCode: number }
        }
        return (
          result.error?.statusCode === 400 ||
          Object.values(result.value ?? {}).every(
            value => typeof value === 'string' && value !== ''
          )
        )
      }
    )
  )
  t.pass('1 run of fast-check')
})
