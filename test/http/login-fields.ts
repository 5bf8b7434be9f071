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
