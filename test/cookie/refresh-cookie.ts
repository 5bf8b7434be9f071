import t from 'tap'
import { createRefreshCookie } from '../../plugin/cookie/refresh-cookie.ts'
import { DAY } from '../fixtures/app.ts'

t.test('write: sets a Secure, HttpOnly, Strict cookie with the lifetime of the token', async t => {
  const { write, remove } = await createRefreshCookie(undefined, DAY)
  t.equal(
    write('a.b.c'), '__Host-refresh=a.b.c; Max-Age=86400; Path=/; HttpOnly; Secure; SameSite=Strict'
  )
  t.equal(remove(), '__Host-refresh=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Strict')
})

t.test('createRefreshCookie: puts the namespace into the name', async t => {
  const { write, read } = await createRefreshCookie('staff', DAY)
  t.match(write('a.b.c'), /^__Host-staff-refresh=a\.b\.c;/)
  t.equal(read('__Host-refresh=theirs; __Host-staff-refresh=ours'), 'ours')
})

t.test('read: finds the refresh cookie among others', async t => {
  const { read } = await createRefreshCookie(undefined, DAY)
  t.equal(read('theme=dark; __Host-refresh=a.b.c; lang=en'), 'a.b.c')
  t.equal(read('__Host-refresh="a.b.c"'), '"a.b.c"', 'and is no token with quotes')
  t.equal(read('%; ;=; __proto__=x;__Host-refresh=a.b.c'), 'a.b.c')
  for (const header of [
    undefined, '', 'refresh=a.b.c', '__host-refresh=a.b.c', '__Host-refresh',
    'x__Host-refresh=a.b.c', 'a="__Host-refresh=a.b.c"'
  ]) {
    t.equal(read(header), undefined, String(header))
  }
})

t.test('write: throws for a token that is too large for a cookie', async t => {
  const { write } = await createRefreshCookie(undefined, DAY)
  t.doesNotThrow(() => write('x'.repeat(4082)))
  t.throws(() => write('x'.repeat(4083)), {
    name: 'RangeError',
    message:
      /^fastify-simplejwt: a refresh token of 4083 bytes does not fit into a cookie of 4096\. Return fewer claims/
  })
})
