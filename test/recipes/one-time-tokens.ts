import { mock } from 'node:test'
import t from 'tap'
import { createOneTimeTokens } from '../../example/recipes/one-time-tokens.ts'
import { START, holdClock } from '../fixtures/recipes/clock.ts'

t.test('a token gives its value once', async t => {
  const tokens = createOneTimeTokens<string>(1000)
  const token = tokens.issue('vitor')
  t.match(token, /^[\w-]{43}$/)
  t.equal(tokens.find(token), 'vitor')
  t.equal(tokens.take(token), 'vitor')
  t.equal(tokens.take(token), null)
  t.equal(tokens.find(token), null)
  t.equal(tokens.take('nonsense'), null)
})

t.test('a token expires, also while others are issued', async t => {
  holdClock(t)
  const tokens = createOneTimeTokens<number>(1000)
  const first = tokens.issue(1)
  mock.timers.setTime(START + 999)
  t.equal(tokens.find(first), 1)
  const second = tokens.issue(2)
  mock.timers.setTime(START + 1000)
  t.equal(tokens.take(first), null)
  tokens.issue(3)
  t.equal(tokens.take(second), 2)
})

t.test('the oldest tokens give way to a flood', async t => {
  const tokens = createOneTimeTokens<number>(60_000)
  const first = tokens.issue(0)
  for (let count = 1; count < 100_000; count++) tokens.issue(count)
  t.equal(tokens.find(first), 0)
  const last = tokens.issue(100_000)
  t.equal(tokens.find(first), null)
  t.equal(tokens.find(last), 100_000)
})
