import t from 'tap'
import {
  isLoopback, isPrivateScheme, redirectHost, redirectUriProblem, withParameters
} from '../../plugin/oauth/redirect-uris.ts'

const WEB = [
  'https://print.example/callback', 'https://print.example', 'https://print.example:8443/a?b=c&d',
  'https://print.example?x', 'https://192.0.2.1/', 'https://[2001:db8::1]:443/cb',
  'https://xn--bcher-kva.example/%7Euser/%C3%A9', 'https://a.example/cb?to=me@b.example'
]
const LOOPBACK = [
  'http://127.0.0.1/cb', 'http://127.0.0.1:53219/cb', 'http://[::1]/cb', 'http://[::1]:8000',
  'http://localhost:8002/printer/callback', 'http://localhost?x=1', 'https://localhost:5173/cb'
]
const PRIVATE = [
  'com.example.app:/callback', 'com.example.app://callback?x=1', 'a.b:/', 'net.x-1+2.app:/cb'
]

t.test('redirectUriProblem: https, http of this machine, and reversed domain names', async t => {
  for (const uri of [...WEB, ...LOOPBACK, ...PRIVATE]) {
    t.equal(redirectUriProblem(uri), undefined, uri)
  }
})

t.test('redirectUriProblem: names the rule that another value breaks', async t => {
  const cases: [RegExp, unknown[]][] = [
    [/^must be a string\.$/, [undefined, null, 1, {}, ['https://a.example/cb']]],
    [/^must have at most 2000 characters\.$/, [`https://a.example/${'a'.repeat(2000)}`]],
    [/^must not have a fragment/, [
      'https://a.example/cb#', 'https://a.example/#x', 'com.example.app:/#x', 'https://a.example#@b.c/'
    ]],
    [/^must not have a "\*"/, ['*', 'https://*.example.com/cb', 'https://a.example/*']],
    [/^must have only the characters of RFC 3986\./, [
      'https://a.example/ cb', ' https://a.example/', 'https://a.example/\n', '\thttps://a.example/',
      'https://a.example\\@b.example/', 'https:\\\\a.example/', 'https://a.example/\x00',
      'https://a.example/\x7f', 'https://bücher.example/', 'https://а.example/', 'https://a.example/é',
      'https://a。example/', 'https://a.example/%', 'https://a.example/%2', 'https://a.example/%zz',
      'https://a.example/"', 'https://a.example/<', 'https://a.example/`', 'https://a.example/{x}',
      'https://a.example/^', 'https://a.example/|', 'https://a.example/\u202e', 'com.example:/\r\nx'
    ]],
    [/^must not have a user name or a password\.$/, [
      'https://user@a.example/', 'https://user:pw@a.example/', 'https://@a.example/',
      'https://a.example:443@b.example/', 'http://127.0.0.1@b.example/', 'https://:@a.example'
    ]],
    [/^must have its host as a browser writes it: 127\.0\.0\.1\.$/, [
      'https://127.1/', 'https://0x7f.1/', 'https://2130706433/', 'https://0177.0.0.1/',
      'http://127.1/', 'https://127.0.0.1./'
    ]],
    [/^must have its host as a browser writes it: \S+\.$/, [
      'https://A.example/', 'https://LOCALHOST/', 'https://ex%61mple.com/', 'https://[::0001]/',
      'https://[::127.0.0.1]/'
    ]],
    [/^must be an https URL, an http URL of/, [
      '', 'callback', '/callback', '//a.example/cb', '?x', '.', 'https:', 'https:/', 'https://',
      'https:///cb', 'https:a.example/cb', 'https:/a.example/cb', 'https:///a.example/cb',
      'https://?x', 'https://:443/', 'https://a.example:/', 'https://a.example:0443/',
      'https://a.example:65536/', 'https://a.example:x/', 'https://[::1/', 'https://[]/',
      'HTTPS://a.example/', 'Https://a.example/', 'http://a.example/', 'http://127.0.0.2/',
      'http://0.0.0.0/', 'http://localhost.a.example/', 'http://127.0.0.1.a.example/',
      'http://a.localhost/', 'http://localhost./', 'http:127.0.0.1/', 'ws://127.0.0.1/',
      'javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'about:blank', 'blob:x',
      'vbscript:x', 'intent://a.example/', 'urn:ietf:wg:oauth:2.0:oob', 'mailto:a@b.example',
      'myapp:/cb', 'myapp://cb', 'localhost:8000/cb', 'a.example:8000/cb', 'a.example/cb',
      'com.example.app:', 'com.example.app:cb', 'Com.example.app:/cb', '1.example:/cb', '.a:/cb',
      'a..b:/cb', 'a.:/cb', 'javascript.:/cb', 'com.example.app://user@host',
      'view-source:https://a.example/'
    ]]
  ]
  for (const [rule, uris] of cases) {
    for (const uri of uris) t.match(redirectUriProblem(uri) ?? 'none', rule, String(uri))
  }
})

t.test('isLoopback, isPrivateScheme: where an answer goes', async t => {
  for (const uri of WEB) t.same([isLoopback(uri), isPrivateScheme(uri)], [false, false], uri)
  for (const uri of LOOPBACK) t.same([isLoopback(uri), isPrivateScheme(uri)], [true, false], uri)
  for (const uri of PRIVATE) t.same([isLoopback(uri), isPrivateScheme(uri)], [false, true], uri)
  for (const uri of [
    'https://localhost.a.example/', 'https://a.example/http://localhost/', 'x.localhost:/cb'
  ]) t.equal(isLoopback(uri), false, uri)
})

t.test('redirectHost: the host with its port, or the scheme of a native app', async t => {
  const cases = [
    ['https://print.example/callback', 'print.example'],
    ['https://print.example:8443?x=https://a.example/', 'print.example:8443'],
    ['http://127.0.0.1:53219/cb', '127.0.0.1:53219'],
    ['http://[::1]:53219', '[::1]:53219'],
    ['com.example.app:/callback', 'com.example.app'],
    ['com.example.app://host/https://a.example/', 'com.example.app']
  ] as const
  for (const [uri, host] of cases) t.equal(redirectHost(uri), host, uri)
})

t.test('withParameters: appends to the query, encoded as a form', async t => {
  const cases = [
    ['https://a.example/cb', 'https://a.example/cb?code=x'],
    ['https://a.example', 'https://a.example?code=x'],
    ['https://a.example/cb?a=b', 'https://a.example/cb?a=b&code=x'],
    ['https://a.example/cb?', 'https://a.example/cb?&code=x'],
    ['com.example.app:/cb', 'com.example.app:/cb?code=x'],
    ['/connect', '/connect?code=x']
  ] as const
  for (const [uri, expected] of cases) t.equal(withParameters(uri, { code: 'x' }), expected, uri)
  t.equal(
    withParameters('/', { a: 'é &=+#\n"', b: undefined, c: '' }),
    '/?a=%C3%A9+%26%3D%2B%23%0A%22&c=')
})

t.test('withParameters: keeps the text that URL would rewrite', async t => {
  const uri = 'https://a.example:443/a/../%7e?q=[]\'%'
  t.equal(withParameters(uri, { code: 'x' }), `${uri}&code=x`)
  t.not(new URL(uri).href, uri)
})
