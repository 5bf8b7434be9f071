import t from 'tap'
import { SimpleJwtError } from '../../plugin/errors.ts'
import { readParameters, requiredToken } from '../../plugin/oauth/parameters.ts'
import { messageOf } from '../fixtures/refused.ts'

t.test('parameters: are decoded as a form', async t => {
  const { get, all, repeated } = readParameters(
    'a=1+2%2B3&b=%C3%A9%F0%9F%98%80&c=%00&d=x=y&%61%62=z')
  t.same([get('a'), get('b'), get('c'), get('d'), get('ab')], ['1 2+3', 'é😀', '\0', 'x=y', 'z'])
  t.same([get('e'), all('e'), repeated], [undefined, [], undefined])
})

t.test('parameters: an empty value counts as absent', async t => {
  const { get, all } = readParameters('a=&b&resource=&resource=x')
  t.same([get('a'), get('b'), get('resource'), all('resource')], [
    undefined, undefined, 'x', ['x']
  ])
})

t.test('parameters: only & separates them', async t => {
  const { get, repeated } = readParameters('a=1;b=2&c=3?a=4')
  t.same([get('a'), get('b'), get('c'), repeated], ['1;b=2', undefined, '3?a=4', undefined])
})

t.test('parameters: names one that is there twice, whatever its spelling or value', async t => {
  for (const [text, expected] of [
    ['a=1&a=1', 'a'], ['a=1&b=2&%61=3', 'a'], ['a=&a=1', 'a'], ['a&a', 'a'],
    ['b=1&a=1&a=1&b=1', 'a'], ['__proto__=1&__proto__=2', '__proto__'],
    ['a=1&A=1', undefined], ['resource=a&resource=b', undefined], ['a[]=1&a=1', undefined]
  ] as const) {
    t.equal(readParameters(text).repeated, expected, text)
  }
  t.same(readParameters('resource=a&x=1&resource=b').all('resource'), ['a', 'b'])
})

t.test('parameters: a name of a prototype is a name', async t => {
  for (const name of ['__proto__', 'constructor', 'toString']) {
    t.equal(readParameters('').get(name), undefined)
    t.equal(readParameters(`${name}=x`).get(name), 'x')
  }
})

t.test('parameters: refuses a percent-encoding that is not UTF-8', async t => {
  for (const text of [
    'state=%FF', 'state=%C3', 'state=%C3%28', '%FF=x', 'state=%ED%A0%80', 'state=%C0%AF',
    'state=%F5%80%80%80', 'a=1&unknown=a%E9b'
  ]) {
    t.throws(() => readParameters(text), SimpleJwtError, text)
    t.equal(messageOf(() => readParameters(text)), 'The parameters must be UTF-8.')
  }
  t.equal(readParameters('state=%EF%BF%BD').get('state'), '�')
  t.equal(readParameters('state=100%&x=%zz').get('state'), '100%', 'no encoding')
})

t.test('requiredToken: refuses a form without a token', async t => {
  t.equal(requiredToken(readParameters('token_type_hint=x&token=a%20b')), 'a b')
  for (const text of ['', 'token=', 'Token=x', 'tokens=x']) {
    t.equal(messageOf(() => requiredToken(readParameters(text))), 'The token is missing.', text)
  }
})
