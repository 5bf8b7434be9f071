import fc from 'fast-check'
import t from 'tap'
import { hostOf, isDocumentUrl } from '../../../plugin/oauth/documents/document-url.ts'

const GOOD = [
  'https://app.example/client.json',
  'https://app.example:8443/oauth/client-metadata.json?version=2',
  'https://app.example/a/',
  'https://xn--bcher-kva.example/%C3%A4',
  `https://app.example/${'a'.repeat(480)}`
]

const BAD: Record<string, unknown> = {
  'no path': 'https://app.example',
  'the root': 'https://app.example/',
  'the root with a query': 'https://app.example/?client',
  http: 'http://app.example/client.json',
  'another scheme': 'ftp://app.example/client.json',
  'a script': 'javascript://app.example/%0aalert(1)',
  'a scheme in capitals': 'HTTPS://app.example/client.json',
  'a host in capitals': 'https://App.example/client.json',
  'a host that is not in ASCII': 'https://bücher.example/client.json',
  'a host with a dot at its end': 'https://app.example./client.json',
  'the default port': 'https://app.example:443/client.json',
  'a fragment': 'https://app.example/client.json#a',
  'an empty fragment': 'https://app.example/client.json#',
  'a user': 'https://user@app.example/client.json',
  'a password': 'https://:secret@app.example/client.json',
  'an empty user': 'https://@app.example/client.json',
  'a dot segment': 'https://app.example/./client.json',
  'two dots': 'https://app.example/a/../client.json',
  'two dots at the end': 'https://app.example/a/..',
  'encoded dots': 'https://app.example/a/%2e%2E/client.json',
  'a backslash': 'https://app.example\\client.json',
  'a space': 'https://app.example/client json',
  'a space around it': ' https://app.example/client.json',
  'a line break': 'https://app.example/client\n.json',
  'an IPv4 address': 'https://192.0.2.1/client.json',
  'an IPv4 address as a number': 'https://2130706433/client.json',
  'a short IPv4 address': 'https://127.1/client.json',
  'an IPv6 address': 'https://[2606:2800:220:1:248:1893:25c8:1946]/client.json',
  'a mapped address': 'https://[::ffff:7f00:1]/client.json',
  'no host': 'https:///client.json',
  'too long': `https://app.example/${'a'.repeat(481)}`,
  'an id': 'photo-printer',
  nothing: '',
  'no text': 42,
  undefined
}

t.test('isDocumentUrl: takes an https URL with a path', async t => {
  for (const url of GOOD) t.equal(isDocumentUrl(url), true, url)
})

t.test('isDocumentUrl: refuses every other text', async t => {
  for (const [name, url] of Object.entries(BAD)) t.equal(isDocumentUrl(url), false, name)
})

t.test('isDocumentUrl: a URL names one place, in one spelling', async t => {
  const url = fc.oneof(
    fc.webUrl({ withQueryParameters: true, withFragments: true, validSchemes: ['https', 'http'] }),
    fc.string(),
    fc.tuple(fc.constantFrom(...GOOD), fc.nat(60), fc.string({ maxLength: 3 }))
      .map(([good, at, more]) => good.slice(0, at) + more + good.slice(at))
  )
  fc.assert(fc.property(url, text => {
    if (!isDocumentUrl(text)) return
    const { href, protocol, hash, username, password } = new URL(text)
    t.same([href, protocol, hash, username, password], [text, 'https:', '', '', ''])
    t.notOk(/\/\.{1,2}(\/|\?|$)/.test(text), text)
  }), { numRuns: 5000 })
})

t.test('hostOf: returns the host without its port', async t => {
  t.equal(hostOf('https://app.example:8443/client.json'), 'app.example')
})
