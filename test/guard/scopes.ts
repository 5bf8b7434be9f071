import t from 'tap'
import { requireClient, requireScope } from '../../plugin/index.ts'
import { hasScopes, isScope } from '../../plugin/guard/scopes.ts'
import { buildApp } from '../fixtures/app.ts'

const BAD: unknown[] = [
  '', ' ', ' read', 'read write', 'a"b', 'a\\b', 'a\r\nb', 'a\tb', 'é', '\x7f', 7, null, undefined,
  true, {}, ['read']
]

t.test('a scope is a name of RFC 6749 section 3.3', async t => {
  for (const bad of BAD) t.notOk(isScope(bad), JSON.stringify(bad))
  for (const good of ['read', 'photos:read', 'https://api.example/a', '!#[]~']) {
    t.ok(isScope(good), good)
  }
})

t.test('requireScope, requireClient: throw for a bad scope, requireScope for none', async t => {
  const { app } = await buildApp(t)
  const guards = [
    ['requireScope', app.requireScope, requireScope],
    ['requireClient', app.requireClient, requireClient]
  ] as const
  for (const [name, ...builders] of guards) {
    for (const build of builders) {
      for (const bad of BAD) {
        t.throws(() => build('read', bad as string), {
          name: 'TypeError',
          message: `fastify-simplejwt: ${name}() got a bad scope. Pass each ` +
            "scope as a separate string without spaces, such as 'photos:read'."
        })
      }
    }
  }
  for (const build of [app.requireScope, requireScope]) {
    t.throws(() => build(), {
      name: 'TypeError',
      message: 'fastify-simplejwt: requireScope() needs at least one scope. ' +
        "Pass a name such as 'photos:read'."
    })
  }
  for (const build of [app.requireClient, requireClient]) t.type(build(), 'function')
})

t.test('hasScopes: the claim must be a text that has each scope as a word', async t => {
  t.ok(hasScopes({ scope: 'a b' }, ['b', 'a']))
  t.ok(hasScopes({}, []))
  t.notOk(hasScopes({ scope: 'a b' }, ['a', 'c']))
  for (const scope of [undefined, null, 7, ['a'], { a: true }]) {
    t.notOk(hasScopes({ scope }, ['a']))
  }
})
