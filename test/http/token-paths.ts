import t from 'tap'
import { placesOf, resolvePaths } from '../../plugin/http/token-paths.ts'
import { refuse } from '../../plugin/option-checks.ts'

t.test('paths lose their trailing slash, and false stays', async t => {
  t.same(resolvePaths({ obtain: '/auth/login/', refresh: '/r', verify: false }, refuse), {
    obtain: '/auth/login', refresh: '/r', verify: false, blacklist: undefined, sessions: undefined
  })
  t.same(resolvePaths(undefined, refuse), {})
})

t.test('a bad path stops the start by its name', async t => {
  for (const given of [null, [], '/auth'] as never[]) {
    t.throws(() => resolvePaths(given, refuse), {
      message: 'option "paths" must be an object with paths of: obtain, refresh'
    })
  }
  t.throws(() => resolvePaths({ verify: '/:token' }, refuse), {
    message: 'option "paths.verify" must be false or a path such as \'/auth/login/\'.'
  })
  t.throws(() => resolvePaths({ logout: '/x' } as never, refuse), {
    message: 'option "paths.logout" is not known. ' +
      'Use: obtain, refresh, verify, blacklist, sessions.'
  })
})

t.test('placesOf: a route is below the prefix, or in a scope at the path in paths', async t => {
  t.same([...placesOf({
    prefix: '/auth',
    paths: {
      obtain: '/login', refresh: '/auth/refresh', verify: false, sessions: '/auth'
    }
  })], [
    ['obtain', { prefix: '/login', url: '/', option: 'paths.obtain' }],
    ['refresh', { prefix: '/auth', url: '/refresh', option: 'prefix' }],
    ['blacklist', { prefix: '/auth', url: '/blacklist', option: 'prefix' }],
    ['sessions', { prefix: '/auth', url: '/', option: 'paths.sessions' }]
  ])
})
