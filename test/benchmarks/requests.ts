import t from 'tap'
import { requestsOf } from '../../benchmarks/requests.ts'

t.test('requests: a guarded route gets one token after the other', async t => {
  const next = requestsOf('/hello/', ['one', 'two'])
  const tokens = Array.from({ length: 3 }, () => /Bearer (.*)\r\n\r\n$/.exec(next(''))?.[1])
  t.same(tokens, ['one', 'two', 'one'])
})

t.test('requests: a refresh brings the token of the answer before it', async t => {
  const next = requestsOf('/api/token/refresh/', ['first'])
  const body = (answer: string): string | undefined => next(answer).split('\r\n\r\n')[1]
  t.equal(body(''), '{"refresh":"first"}')
  t.equal(body('HTTP/1.1 200 OK\r\n\r\n{"access":"a","refresh":"second"}'), '{"refresh":"second"}')
  t.throws(() => next('HTTP/1.1 401 Unauthorized\r\n\r\n{}'), { message: /gave no new token/ })
})

t.test('requests: a login says its length', async t => {
  const login = requestsOf('/api/token/', [])('')
  const [head, body = ''] = login.split('\r\n\r\n')
  t.match(head, `content-length: ${body.length}`)
  t.same(JSON.parse(body), { username: 'vitor', password: '123' })
})
