import { performance } from 'node:perf_hooks'
import t from 'tap'
import { checkPassword, findUser } from '../../example/users.ts'

t.test('a user is found by name and password, and by id', async t => {
  t.match(await checkPassword('vitor', '123'), { id: 1, isActive: true })
  t.match(await checkPassword('inactive', '123'), { id: 2, isActive: false })
  t.match(await findUser('1'), { username: 'vitor' })
  t.equal(await findUser('3'), null)
})

t.test('a wrong password and an unknown name are null', async t => {
  for (const [username, password] of [
    ['vitor', '1234'],
    ['vitor', ''],
    ['Vitor', '123'],
    ['nobody', '123'],
    ['__proto__', '123']
  ] as const) {
    t.equal(await checkPassword(username, password), null)
  }
})

t.test('passwords are stored as Argon2id hashes of 19 MiB and 2 passes', async t => {
  t.match(await findUser('1'), { passwordHash: /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/ })
})

t.test('an unknown name takes as long as a wrong password', async t => {
  const time = async (username: string): Promise<number> => {
    const start = performance.now()
    await checkPassword(username, 'wrong')
    return performance.now() - start
  }
  // In turn, and the least of each: what else the machine does only makes some of them longer.
  const [known, unknown]: [number[], number[]] = [[], []]
  for (let count = 0; count < 21; count++) {
    known.push(await time('vitor'))
    unknown.push(await time('nobody'))
  }
  const [least, leastUnknown] = [Math.min(...known), Math.min(...unknown)]
  t.ok(leastUnknown > least / 2, `${leastUnknown.toFixed(1)} ms and ${least.toFixed(1)} ms`)
})
