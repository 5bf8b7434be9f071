import fc from 'fast-check'
import t from 'tap'
import { matchRedirectUri, redirectUriProblem } from '../../plugin/oauth/redirect-uris.ts'

const LOOPBACK = 'http://127.0.0.1/cb?x=1'

t.test('a URI matches by its text, and is returned as the request has it', async t => {
  const registered = ['https://a.example/cb', 'com.example.app:/cb']
  for (const uri of registered) t.equal(matchRedirectUri(registered, uri), uri)
  for (const uri of [
    'https://a.example/cb/', 'https://a.example/cb?', 'https://a.example/CB', 'https://a.example/c',
    'https://a.example:443/cb', 'https://a.example:8443/cb', 'https://A.example/cb',
    'https://a.example/x/../cb', 'https://a.example/c%62', 'https://a.example/cb#', ' https://a.example/cb',
    'https://a.example/cb\n', 'http://a.example/cb', 'https://a.example.b.example/cb',
    'https://a.example@b.example/cb', 'com.example.app://cb', 'com.example.app:/cb/x', '', '*'
  ]) t.equal(matchRedirectUri(registered, uri), undefined, uri)
})

t.test('only the port of an http loopback URI is free', async t => {
  for (const uri of ['http://127.0.0.1:1/cb?x=1', 'http://127.0.0.1:65535/cb?x=1', LOOPBACK]) {
    t.equal(matchRedirectUri([LOOPBACK], uri), uri)
    t.equal(matchRedirectUri(['http://127.0.0.1:8000/cb?x=1'], uri), uri)
  }
  for (const uri of [
    'http://127.0.0.1:0/cb?x=1', 'http://127.0.0.1:65536/cb?x=1', 'http://127.0.0.1:080/cb?x=1',
    'http://127.0.0.1:/cb?x=1', 'http://127.0.0.1:8x/cb?x=1', 'http://127.0.0.1:-1/cb?x=1',
    'http://127.0.0.1:8000:9/cb?x=1', 'http://localhost:8000/cb?x=1', 'http://[::1]:8000/cb?x=1',
    'https://127.0.0.1:8000/cb?x=1', 'HTTP://127.0.0.1:8000/cb?x=1', 'http://127.1:8000/cb?x=1',
    'http://127.0.0.1:8000/cb?x=2', 'http://127.0.0.1:8000/cb', 'http://127.0.0.1:8000/x',
    'http://127.0.0.1:8000@b.example/cb?x=1', 'http://u@127.0.0.1:8000/cb?x=1',
    'http://127.0.0.1:8000\\@b.example/cb?x=1', 'http://127.0.0.1:8000.b.example/cb?x=1',
    'http://127.0.0.1:8000#/cb?x=1', 'http://b.example/http://127.0.0.1:8000/cb?x=1'
  ]) t.equal(matchRedirectUri([LOOPBACK], uri), undefined, uri)
})

t.test('the port of https and of another machine is not free', async t => {
  t.equal(matchRedirectUri(['http://a.example/cb'], 'http://a.example:8000/cb'), undefined)
  t.equal(matchRedirectUri(['https://localhost/cb'], 'https://localhost:8000/cb'), undefined)
  t.equal(matchRedirectUri(['https://a.example/cb'], 'https://a.example:8000/cb'), undefined)
  t.equal(matchRedirectUri(['https://localhost/cb'], 'http://localhost:8000/cb'), undefined)
})

t.test('a URI may be left out if only one is registered and its port is not free', async t => {
  t.equal(matchRedirectUri(['https://a.example/cb'], undefined), 'https://a.example/cb')
  t.equal(matchRedirectUri(['com.example.app:/cb'], undefined), 'com.example.app:/cb')
  t.equal(matchRedirectUri(['http://localhost:8000/cb'], undefined), undefined)
  t.equal(matchRedirectUri(['https://a.example/cb', 'https://b.example/cb'], undefined), undefined)
  t.equal(matchRedirectUri([], undefined), undefined)
})

const part = fc.constantFrom(
  'http', 'https', 'HTTP', ':', '://', '/', '//', '\\', '@', '#', '?', '%', '%2e', '..', '.', ' ', '\t',
  '\n', 'a', 'é', '127.0.0.1', '127.1', '[::1]', 'localhost', 'a.example', 'b.example', 'com.app',
  ':80', ':443', ':8000', ':65536', '0', 'cb', 'x=1', '&', '*')
const port = fc.constantFrom('', ':80', ':8000', ':65535', ':65536', ':08', ':')
const likely = fc.tuple(
  fc.constantFrom('http://', 'http://', 'https://', 'com.app:/', 'http:'),
  fc.constantFrom('127.0.0.1', 'localhost', 'a.example', '127.0.0.1@a.example'),
  port,
  fc.constantFrom('', '/cb', '/cb', '/cb?x=1', '/CB', '/a/../cb', '\\cb', '#')
).map(parts => parts.join(''))
const uri = fc.oneof(
  fc.array(part, { maxLength: 12 }).map(parts => parts.join('')), { arbitrary: likely, weight: 4 })
/** Some URIs, and one that may be that of another port. */
const request = fc.array(uri, { minLength: 1, maxLength: 6 }).chain(some => fc.tuple(
  fc.constant(some),
  fc.oneof(uri, fc.tuple(fc.constantFrom(...some), port)
    .map(([text, port]) => text.replace(/(?<=\/\/[^/:?]*)(:\d*)?(?=[/?]|$)/, port)))))

/** All that a browser sends an answer by, except the port. */
function placeOf (text: string): object {
  const { protocol, hostname, pathname, search, hash, username, password } = new URL(text)
  return { protocol, hostname, pathname, search, hash, username, password }
}

t.test('no URI matches that a browser sends elsewhere', async t => {
  let matches = 0
  fc.assert(fc.property(request, ([some, asked]) => {
    const registered = some.filter(text => redirectUriProblem(text) === undefined)
    const matched = matchRedirectUri(registered, asked)
    if (matched === undefined) return
    matches += 1
    const place = JSON.stringify(placeOf(matched))
    const same = registered.filter(text => JSON.stringify(placeOf(text)) === place)
    t.equal(matched, asked)
    if (same.length === 0) throw new Error(`${matched} is at none of ${registered.join(' ')}`)
    const { protocol, port } = new URL(matched)
    if (protocol !== 'http:' && !same.some(text => new URL(text).port === port)) {
      throw new Error(`${matched} has another port`)
    }
  }), { numRuns: 10_000 })
  t.ok(matches > 100, `${matches} matched`)
})

t.test('a browser and the check agree on the host of each URI that may be registered', async t => {
  let good = 0
  fc.assert(fc.property(uri, text => {
    if (redirectUriProblem(text) !== undefined) return
    good += 1
    const { protocol, hostname, hash, username, password } = new URL(text)
    const isSafe = (protocol === 'https:' && hostname !== '') || protocol.includes('.') ||
      (protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(hostname))
    if (!isSafe || hash + username + password !== '') throw new Error(text)
  }), { numRuns: 10_000 })
  t.ok(good > 100, `${good} were good`)
})

t.test('another spelling of a registered URI does not match', async t => {
  const registered = ['https://a.example/cb', 'com.example.app:/cb', 'http://127.0.0.1:8000/cb']
  const spell: ((text: string) => string)[] = [
    text => text.toUpperCase(), text => `${text}/`, text => `${text}#`, text => `${text}?`,
    text => ` ${text}`, text => `${text}\n`, text => text.replaceAll('/', '\\'),
    text => text.replace('cb', './cb'), text => text.replace('cb', '%63b'),
    text => text.replace('cb', 'x/../cb'), text => text.replace('://', ':'),
    text => text.replace('://', '://user@'), text => text.replace('example', 'example.'),
    text => text.replace('127.0.0.1', '127.1'), text => text.replace('e', 'е'),
    text => text.replace('cb', 'c\tb'), text => text.normalize('NFD').replace('a', 'ａ')
  ]
  for (const text of registered) {
    for (const respelled of spell.map(change => change(text)).filter(other => other !== text)) {
      t.equal(matchRedirectUri(registered, respelled), undefined, respelled)
    }
  }
})
