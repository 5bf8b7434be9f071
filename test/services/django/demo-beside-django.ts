import t from 'tap'
import { SECRET } from '../../fixtures/app.ts'
import { startDemo } from '../../fixtures/servers/demo.ts'
import { skipUnlessDjango, startDjango } from '../../fixtures/servers/django.ts'
import { peerAt } from '../../fixtures/wire/peer.ts'

const HELLO = '200 {"message":"Hello, World!"}'

t.test('the demo beside a Django with the same secret', { skip: skipUnlessDjango() }, async t => {
  const django = peerAt(await startDjango(t))
  const { url } = await startDemo(t, { JWT_SECRET: SECRET, ADOPT_REFRESH_TOKENS: 'on' })
  const demo = peerAt(Number(new URL(url).port))

  t.equal(
    await demo.hello((await django.login()).access),
    HELLO,
    "Django's access token opens the demo's /hello/"
  )
  t.equal(await django.hello((await demo.login()).access), HELLO, "the demo's opens Django's")

  const { refresh } = await django.login()
  const first = await demo.next(refresh)
  t.equal(await demo.hello(first.access), HELLO, 'a user logged in at Django goes on at the demo')
  const second = await demo.next(first.refresh)
  t.equal(await demo.hello(second.access), HELLO, 'and on')
  t.equal(await demo.logout(second.refresh), '200 {}')
  t.match(await demo.hello(second.access), 'Token is blacklisted', 'until he logs out')
  t.match(await demo.refresh(refresh), 'Token is blacklisted', 'for good')
})
