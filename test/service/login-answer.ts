import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { loginAnswer } from '../../plugin/service/login-answer.ts'

const request = {} as FastifyRequest
const user = { id: 1 }
const tokens = { refresh: 'r', access: 'a' }
const answer = (members: unknown) =>
  loginAnswer(() => members as Record<string, unknown>, user, tokens, request)

t.test('loginAnswer: adds members behind the tokens', async t => {
  t.strictSame(JSON.stringify(await answer({ user: { name: 'vitor' } })),
    '{"refresh":"r","access":"a","user":{"name":"vitor"}}')
  for (const nothing of [undefined, null, {}]) t.same(await answer(nothing), tokens)
  t.same(await loginAnswer(undefined, user, tokens, request), tokens)
})

t.test('loginAnswer: passes the user, a copy of the tokens and the request', async t => {
  const seen: unknown[] = []
  const result = await loginAnswer(async (...given) => {
    seen.push(...given)
    Object.assign(given[1], { access: 'forged' })
    return {}
  }, user, tokens, request)
  t.match(seen, [user, { refresh: 'r' }, request])
  t.same(result, { refresh: 'r', access: 'a' })
})

t.test('loginAnswer: names a member that would replace a token', async t => {
  for (const name of ['access', 'refresh', 'toJSON']) {
    await t.rejects(answer({ user: {}, [name]: () => '{}' }), {
      name: 'TypeError',
      message: `fastify-simplejwt: loginResponse() must not return "${name}". Choose another name.`
    })
  }
  class Answer { name = 'vitor'; toJSON () { return { access: 'forged' } } }
  t.equal(JSON.stringify(await answer(new Answer())), '{"refresh":"r","access":"a","name":"vitor"}')
})

t.test('loginAnswer: rejects a result that is not an object', async t => {
  for (const bad of ['x', 1, true, [{}], () => ({})]) {
    await t.rejects(answer(bad), { message: 'loginResponse() must resolve to an object.' })
  }
})
