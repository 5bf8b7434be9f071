import { mock } from 'node:test'
import { TOTP } from 'otpauth'
import t from 'tap'
import { SECOND, START, holdClock } from '../fixtures/recipes/clock.ts'
import { type RecipeApp, buildRecipes } from '../fixtures/recipes/recipe-app.ts'

const VITOR = 'vitor@app.example'

/** Turns the second factor on, and returns a function that gives the code of now. */
async function turnOn ({ post, accessOf }: RecipeApp): Promise<() => string> {
  const access = await accessOf(VITOR)
  const { setup, uri } = (await post('/me/totp', {}, access)).json()
  const generator = new TOTP({ secret: new URL(uri).searchParams.get('secret') ?? '' })
  const code = generator.generate()
  await post('/me/totp/confirm', { setup, code }, access)
  return () => generator.generate()
}

t.test('a user with a second factor needs the code', async t => {
  holdClock(t)
  const recipes = await buildRecipes(t)
  const codeOfNow = await turnOn(recipes)
  mock.timers.setTime(START + 60 * SECOND)
  const without = await recipes.login(VITOR)
  const wrong = await recipes.login(VITOR, { otp: codeOfNow() === '123456' ? '1' : '123456' })
  t.equal(without.statusCode, 401)
  t.same(wrong.json(), without.json())
  const right = await recipes.login(VITOR, { otp: codeOfNow() })
  t.equal(right.statusCode, 200)
  t.match((await recipes.get('/me', right.json().access)).json(), { amr: ['pwd', 'otp', 'mfa'] })
})

t.test('a code works once, also the code of the setup', async t => {
  holdClock(t)
  const recipes = await buildRecipes(t)
  const codeOfNow = await turnOn(recipes)
  t.equal((await recipes.login(VITOR, { otp: codeOfNow() })).statusCode, 401)
  mock.timers.setTime(START + 60 * SECOND)
  const otp = codeOfNow()
  const replies = await Promise.all([1, 2, 3].map(() => recipes.login(VITOR, { otp })))
  t.same(replies.map(({ statusCode }) => statusCode).sort(), [200, 401, 401])
})

t.test('a wrong password spends no code', async t => {
  holdClock(t)
  const recipes = await buildRecipes(t)
  const codeOfNow = await turnOn(recipes)
  mock.timers.setTime(START + 60 * SECOND)
  const otp = codeOfNow()
  t.equal((await recipes.login(VITOR, { otp, password: 'wrong horse' })).statusCode, 401)
  t.equal((await recipes.login(VITOR, { otp })).statusCode, 200)
})

t.test('an older code than the last one does not work', async t => {
  holdClock(t)
  const recipes = await buildRecipes(t)
  const codeOfNow = await turnOn(recipes)
  mock.timers.setTime(START + 60 * SECOND)
  const older = codeOfNow()
  mock.timers.setTime(START + 90 * SECOND)
  t.equal((await recipes.login(VITOR, { otp: codeOfNow() })).statusCode, 200)
  t.equal((await recipes.login(VITOR, { otp: older })).statusCode, 401)
})

t.test('guesses are limited, also by a client that knows the password', async t => {
  holdClock(t)
  const recipes = await buildRecipes(t)
  await turnOn(recipes)
  const statuses = []
  for (let guess = 0; guess < 30; guess++) {
    statuses.push((await recipes.login(VITOR, { otp: `0000${10 + guess}` })).statusCode)
  }
  t.ok(statuses.includes(429))
})

t.test('the setup belongs to its user', async t => {
  holdClock(t)
  const { post, accessOf, accounts } = await buildRecipes(t)
  const access = await accessOf(VITOR)
  const { setup, uri } = (await post('/me/totp', {}, access)).json()
  const secret = new URL(uri).searchParams.get('secret') ?? ''
  const confirm = async (given: object, token = access): Promise<number> =>
    (await post('/me/totp/confirm',
      { setup, code: new TOTP({ secret }).generate(), ...given },
      token)).statusCode
  t.equal(await confirm({ code: '000000' }), 400)
  t.equal(await confirm({}, await accessOf('maria@app.example')), 400)
  t.equal(accounts.find(1)?.totp, null)
  t.equal(await confirm({}), 204)
  t.equal(await confirm({}), 400)
  t.equal((await post('/me/totp', {}, access)).statusCode, 409)
})
