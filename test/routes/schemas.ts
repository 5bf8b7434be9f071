import t from 'tap'
import { blacklistSchema, endSessionSchema, endSessionsSchema, listSessionsSchema, obtainSchema, refreshSchema, verifySchema } from '../../plugin/routes/schemas.ts'

const BODIES: [name: string, schema: { body: ReturnType<typeof obtainSchema>['body'] | typeof verifySchema.body | typeof refreshSchema.body }, fields: string[]][] = [
  ['obtain', obtainSchema('email'), ['email', 'password']],
  ['refresh', refreshSchema, ['refresh']],
  ['verify', verifySchema, ['token']],
  ['blacklist', blacklistSchema, ['refresh']]
]

for (const [name, { body }, fields] of BODIES) {
  t.test(`${name} takes ${fields.join(' and ')}, and shows an example`, async t => {
    t.strictSame(body.required, fields)
    t.strictSame(Object.keys(body.properties), fields)
    t.strictSame(Object.keys(body.examples[0] ?? {}), fields)
  })
}

t.test('every route says what it does and how it may refuse', async t => {
  for (const schema of [obtainSchema('username'), refreshSchema, verifySchema, blacklistSchema, listSessionsSchema, endSessionsSchema, endSessionSchema]) {
    t.match(schema.summary, /\.$/)
    t.ok('401' in schema.response && '503' in schema.response)
  }
})
