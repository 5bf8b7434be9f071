import t from 'tap'
import { resolvePaths } from '../../plugin/http/token-paths.ts'
import { refuse } from '../../plugin/option-checks.ts'

t.test('paths lose their trailing slash, and false stays', async t => {
  t.same(resolvePaths({ obtain: '/auth/login/', refresh: '/r', verify: false }, refuse), {
    obtain: '/auth/login', refresh: '/r', verify: false, blacklist: undefined, sessions: undefined
  })
  t.same(resolvePaths(undefined, refuse), {})
})

t.test('a bad path stops the start by its name', async t => {
  t.throws(() => resolvePaths({ verify: '/:token' }, refuse), {
    message: 'option "paths.verify" must be false or a path such as \'/auth/login/\'.'
  })
  t.throws(() => resolvePaths({ logout: '/x' } as never, refuse), {
    message: 'option "paths.logout" is not known. ' +
      'Use: obtain, refresh, verify, blacklist, sessions.'
  })
})
