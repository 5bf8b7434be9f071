import { performance } from 'node:perf_hooks'
import t from 'tap'
import { hashPassword, matches } from '../../example/recipes/passwords.ts'

t.test('a password matches its hash, of Argon2id with 19 MiB and 2 passes', async t => {
  const hash = await hashPassword('correct horse battery')
  t.match(hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  t.equal(await matches(hash, 'correct horse battery'), true)
  t.equal(await matches(hash, 'correct horse'), false)
  t.equal(await matches(null, 'correct horse battery'), false)
})

t.test('an account without a password takes as long as a wrong one', async t => {
  const hash = await hashPassword('correct horse battery')
  const time = async (passwordHash: string | null): Promise<number> => {
    const start = performance.now()
    await matches(passwordHash, 'wrong')
    return performance.now() - start
  }
  // The least of each: other work on the machine only makes some of them longer.
  const [known, unknown]: [number[], number[]] = [[], []]
  for (let count = 0; count < 11; count++) {
    known.push(await time(hash))
    unknown.push(await time(null))
  }
  const [least, leastUnknown] = [Math.min(...known), Math.min(...unknown)]
  t.ok(leastUnknown > least / 2, `${leastUnknown.toFixed(1)} ms and ${least.toFixed(1)} ms`)
})

t.test('a queue that would take too long is a 503 at once, and passes', async t => {
  const hash = await hashPassword('correct horse battery')
  const checks = await Promise.allSettled(
    Array.from({ length: 200 }, () => matches(hash, 'wrong')))
  const refused = checks.filter(({ status }) => status === 'rejected')
  t.ok(refused.length > 0 && refused.length < 200)
  for (const check of refused) t.match(check, { reason: { statusCode: 503 } })
  t.equal(await matches(hash, 'correct horse battery'), true)
})
