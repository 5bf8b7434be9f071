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
  for (const [username, password] of [['vitor', '1234'], ['vitor', ''], ['Vitor', '123'], ['nobody', '123'], ['__proto__', '123']] as const) {
    t.equal(await checkPassword(username, password), null)
  }
})

t.test('passwords are stored as Argon2id hashes of 19 MiB and 2 passes', async t => {
  t.match(await findUser('1'), { passwordHash: /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/ })
})

t.test('an unknown name takes as long as a wrong password', async t => {
  const median = async (username: string): Promise<number> => {
    const times: number[] = []
    for (let count = 0; count < 21; count++) {
      const start = performance.now()
      await checkPassword(username, 'wrong')
      times.push(performance.now() - start)
    }
    return times.sort((a, b) => a - b)[10] as number
  }
  const [known, unknown] = [await median('vitor'), await median('nobody')]
  t.ok(unknown > known / 2, `${unknown.toFixed(1)} ms and ${known.toFixed(1)} ms`)
})
