import t from 'tap'
import type { FieldsSchema } from '../../plugin/http/body-validation.ts'
import {
  type LoginSchemaOptions, blacklistSchema, obtainSchema, refreshSchema, verifySchema
} from '../../plugin/routes/schemas.ts'
import {
  endSessionSchema, endSessionsSchema, listSessionsSchema
} from '../../plugin/routes/session-schemas.ts'

const obtain = (cookie: LoginSchemaOptions['cookie'], more: Partial<LoginSchemaOptions> = {}) =>
  obtainSchema({
    usernameField: 'email',
    usernameMaxLength: 255,
    loginFields: {},
    loginResponse: undefined,
    cookie,
    ...more
  })
const IN_COOKIE = { origins: [] }

type Body = Omit<FieldsSchema, 'properties'> & { properties: object, examples: object[] }

const BODIES: [name: string, schema: { body: Body }, fields: string[]][] = [
  ['obtain', obtain(false), ['email', 'password']],
  ['refresh', refreshSchema(false), ['refresh']],
  ['verify', verifySchema, ['token']],
  ['blacklist', blacklistSchema(false), ['refresh']],
  ['obtain in cookie mode', obtain(IN_COOKIE), ['email', 'password']],
  ['refresh in cookie mode', refreshSchema(true), []],
  ['blacklist in cookie mode', blacklistSchema(true), []]
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
  t.strictSame(answered(refreshSchema(false)), ['access', 'refresh'])
  t.strictSame(answered(obtain(IN_COOKIE)), ['access'])
  t.strictSame(answered(refreshSchema(true)), ['access'])
})

t.test('schemas: each route has a summary and its error responses', async t => {
  const bothWays = [false, true].flatMap(inCookie => [
    obtain(inCookie && IN_COOKIE), refreshSchema(inCookie), blacklistSchema(inCookie)
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
