import t from 'tap'
import type { FieldsSchema } from '../../plugin/http/body-validation.ts'
import {
  type LoginSchemaOptions, blacklistSchema, jwksSchema, obtainSchema, refreshSchema, verifySchema
} from '../../plugin/routes/schemas.ts'
import {
  endSessionSchema, endSessionsSchema, listSessionsSchema
} from '../../plugin/routes/session-schemas.ts'
import { decode } from '../fixtures/tokens/jwt.ts'

const obtain = (inCookie: boolean | 'browsers', more: Partial<LoginSchemaOptions> = {}) =>
  obtainSchema({
    usernameField: 'email',
    usernameMaxLength: 255,
    loginFields: {},
    loginResponse: undefined,
    ...more
  }, inCookie)

type Body = Omit<FieldsSchema, 'properties'> & { properties: object, examples: object[] }

const BODIES: [name: string, schema: { body: Body }, fields: string[]][] = [
  ['obtain', obtain(false), ['email', 'password']],
  ['refresh', refreshSchema(false, true), ['refresh']],
  ['verify', verifySchema, ['token']],
  ['blacklist', blacklistSchema(false), ['refresh']],
  ['obtain in cookie mode', obtain(true), ['email', 'password']],
  ['refresh in cookie mode', refreshSchema(true, true), []],
  ['blacklist in cookie mode', blacklistSchema(true), []],
  ['obtain of both', obtain('browsers'), ['email', 'password']]
]

for (const [name, { body }, fields] of BODIES) {
  t.test(`${name} takes ${fields.join(' and ') || 'nothing'}, and shows an example`, async t => {
    t.strictSame(body.required, fields)
    t.strictSame(Object.keys(body.properties), fields)
    t.strictSame(Object.keys(body.examples[0] ?? {}), fields)
  })
}

t.test('schemas: list tokens in SimpleJWT\'s order, without refresh in cookie mode', async t => {
  const answered = ({ response }: { response: { 200: { properties: object } } }): string[] =>
    Object.keys(response[200].properties)
  t.strictSame(answered(obtain(false)), ['refresh', 'access'])
  t.strictSame(answered(refreshSchema(false, true)), ['access', 'refresh'])
  t.strictSame(answered(obtain(true)), ['access'])
  t.strictSame(answered(refreshSchema(true, true)), ['access'])
  t.strictSame(answered(refreshSchema(false, false)), ['access'])
  t.strictSame(answered(refreshSchema('browsers', true)), ['access', 'refresh'])
})

t.test('schemas: a refresh token is required in an answer that always has one', async t => {
  const required = ({ response }: { response: { 200: { required: string[] } } }): string[] =>
    response[200].required
  t.strictSame(required(obtain(false)), ['refresh', 'access'])
  t.strictSame(required(refreshSchema(false, true)), ['access', 'refresh'])
  for (const schema of [
    obtain('browsers'), refreshSchema('browsers', true),
    refreshSchema('browsers', false), refreshSchema(true, true), refreshSchema(false, false)
  ]) {
    t.strictSame(required(schema), ['access'])
  }
})

t.test('schemas: the body of an app and that of a browser are both documented', async t => {
  for (const { body } of [refreshSchema('browsers', true), blacklistSchema('browsers')]) {
    t.strictSame(Object.keys(body.properties), ['refresh'])
    t.strictSame(body.required, [])
    t.match(body, { description: 'Of apps. A browser sends the cookie instead.' })
  }
  t.match(
    obtain('browsers').response[200].description,
    / The refresh token of a browser is in the cookie, that of an app in the body\.$/)
})

t.test('schemas: the example of a token is a token of that kind', async t => {
  const examples: Record<string, string>[] = [
    obtain(false).response[200], refreshSchema(false, true).response[200],
    refreshSchema(false, true).body, blacklistSchema(false).body
  ].flatMap(({ examples }) => examples as Record<string, string>[])
  for (const [name, token] of examples.flatMap(Object.entries)) {
    t.match(decode(token as string), { header: { alg: 'HS256' }, payload: { token_type: name } })
  }
})

t.test('schemas: each route has a summary and its error responses', async t => {
  const bothWays = [false, true].flatMap(inCookie => [
    obtain(inCookie), refreshSchema(inCookie, true),
    blacklistSchema(inCookie)
  ])
  for (const schema of [
    ...bothWays, verifySchema, listSessionsSchema, endSessionsSchema, endSessionSchema
  ]) {
    t.match(schema.summary, /\.$/)
    t.ok('401' in schema.response && '503' in schema.response)
  }
  t.strictSame(
    bothWays.map(({ response }) => '403' in response), [false, false, false, true, true, true]
  )
})

t.test('schemas: the login has the fields of loginFields, required without a default', async t => {
  const loginFields = {
    otp: { type: 'string', description: 'A code.' }, remember: { type: 'boolean', default: false }
  }
  const { body } = obtain(false, { loginFields })
  t.strictSame(body.required, ['email', 'password', 'otp'])
  t.strictSame(Object.keys(body.properties), ['email', 'password', 'otp', 'remember'])
  t.match(body, { properties: loginFields, additionalProperties: true })
})

t.test('schemas: the answer of a login has more members with loginResponse', async t => {
  const answer = (more: Partial<LoginSchemaOptions>) => obtain(false, more).response[200]
  t.equal(answer({ loginResponse: () => ({}) }).additionalProperties, true)
  t.notOk('additionalProperties' in answer({}))
})

t.test('schemas: no answer needs a format that Ajv does not know', async t => {
  for (const { response } of [
    obtain('browsers'), refreshSchema('browsers', true), verifySchema,
    blacklistSchema('browsers'), jwksSchema, listSessionsSchema, endSessionsSchema, endSessionSchema
  ]) {
    t.notMatch(JSON.stringify(response), /"format":/)
  }
})
