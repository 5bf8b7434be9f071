import t from 'tap'
import { SCOPE_TOKEN, isSubset, words } from '../../plugin/oauth/scopes.ts'

t.test('SCOPE_TOKEN: printable ASCII without space, quotation mark and backslash', async t => {
  const good = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code))
    .filter(character => SCOPE_TOKEN.test(character))
  t.equal(good.length, 92)
  for (const character of [' ', '"', '\\', '\x7f', '\n', 'é']) t.notOk(good.includes(character))
  t.notMatch('', SCOPE_TOKEN)
  t.notMatch('photos read', SCOPE_TOKEN)
  t.notMatch('photos:read\n', SCOPE_TOKEN)
  t.match('https://example.com/photos.read', SCOPE_TOKEN)
})

t.test('words: the words between spaces, each once', async t => {
  t.same(words('photos:read reports:write photos:read'), ['photos:read', 'reports:write'])
  t.same(words(' a  b '), ['a', 'b'])
  t.same(words('a\tb\nc'), ['a\tb\nc'])
  t.same(words(''), [])
  t.same(words(undefined), [])
})

t.test('isSubset: whether a list has each word of another', async t => {
  t.equal(isSubset(['a', 'b'], ['b', 'c', 'a']), true)
  t.equal(isSubset([], []), true)
  t.equal(isSubset(['a', 'd'], ['a', 'b']), false)
  t.equal(isSubset(['A'], ['a']), false)
})
