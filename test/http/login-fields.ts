import t from 'tap'
import { resolveLoginFields } from '../../plugin/http/login-fields.ts'
import { refuse } from '../../plugin/option-checks.ts'

t.test('fields are copied, and none is the default', async t => {
  const given = { otp: { type: 'string' } }
  t.same(resolveLoginFields(given, 'email', refuse), given)
  t.not(resolveLoginFields(given, 'email', refuse), given)
  t.same(resolveLoginFields(undefined, 'email', refuse), {})
})

t.test('a field of every login stops the start by its name', async t => {
  for (const name of ['email', 'username', 'password']) {
    t.throws(() => resolveLoginFields({ [name]: {} }, 'email', refuse), {
      message: `option "loginFields.${name}" is a field of every login. Remove it.`
    })
  }
})

t.test('fields that are no schemas stop the start, by name', async t => {
  for (const given of [null, [], 'otp'] as never[]) {
    t.throws(() => resolveLoginFields(given, 'email', refuse), {
      message: 'option "loginFields" must be an object with a JSON schema for each field.'
    })
  }
  t.throws(() => resolveLoginFields({ otp: 'string' as never }, 'email', refuse), {
    message: 'option "loginFields.otp" must be a JSON schema.'
  })
})
