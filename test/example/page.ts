import { readFileSync, readdirSync } from 'node:fs'
import { extname } from 'node:path'
import t from 'tap'
import { buildDemo } from '../fixtures/servers/built-demo.ts'

const TYPES: Record<string, string> = {
  '.html': 'text/html', '.js': 'application/javascript', '.css': 'text/css'
}

t.test('the page and its files come as they are in example/public', async t => {
  const app = await buildDemo(t)
  const files = readdirSync('example/public').map(file => [`/${file}`, file] as const)
  for (const [url, file] of [['/', 'index.html'] as const, ...files]) {
    const { statusCode, body, headers } = await app.inject(url)
    t.equal(statusCode, 200, url)
    t.equal(body, readFileSync(`example/public/${file}`, 'utf8'))
    t.match(headers['content-type'], TYPES[extname(file)] as string, url)
  }
  t.equal((await app.inject('/../package.json')).statusCode, 404)
})

t.test('the pages have no inline script or style, and their scripts keep no token', async t => {
  for (const file of readdirSync('example/public')) {
    const text = readFileSync(`example/public/${file}`, 'utf8')
    if (file.endsWith('.html')) {
      t.notMatch(text, /<style|\sstyle=|\son\w+=|<script(?![^>]* src=)/, file)
    }
    if (!file.endsWith('.js')) continue
    t.notMatch(text, /localStorage\.|indexedDB|document\.cookie|innerHTML|outerHTML|insertAdjacent/, file)
    const stored = text.match(/sessionStorage\.\w+/g) ?? []
    t.same(stored, file === 'oauth-request.js'
      ? ['sessionStorage.setItem', 'sessionStorage.getItem', 'sessionStorage.removeItem']
      : [], `${file} keeps a request over the redirect, or nothing`)
  }
})

t.test('/client.js is the client of the package, served as the other files', async t => {
  const app = await buildDemo(t)
  const client = await app.inject('/client.js')
  t.equal(client.statusCode, 200)
  t.equal(client.body, readFileSync('dist/client/index.js', 'utf8'))
  t.match(client.body, 'createClient')
  const other = await app.inject('/lesson.js')
  for (const header of ['content-type', 'cache-control', 'content-security-policy']) {
    t.ok(client.headers[header], header)
    t.equal(client.headers[header], other.headers[header], header)
  }
  t.match(client.headers['content-security-policy'], /script-src 'self';/)
  const again = await app.inject({
    url: '/client.js', headers: { 'if-none-match': client.headers.etag as string }
  })
  t.equal(again.statusCode, 304, 'the browser asks whether it has changed')
  t.equal(Object.keys((await app.inject('/docs/json')).json().paths).includes('/client.js'), false)
})

t.test('the page is told what it needs of the settings', async t => {
  const lesson = async (env: Record<string, string>) =>
    (await (await buildDemo(t, env)).inject('/lesson.json')).json()
  t.strictSame(await lesson({}), {
    reuse_interval: 10,
    rotates: true,
    cookie: false,
    docs: true,
    oauth: false
  })
  t.strictSame(await lesson({ REUSE_INTERVAL: '1500ms' }), {
    reuse_interval: 1.5,
    rotates: true,
    cookie: false,
    docs: true,
    oauth: false
  })
  t.strictSame(await lesson({ REUSE_INTERVAL: '2m', ROTATE_REFRESH_TOKENS: 'off', COOKIE: 'on' }), {
    reuse_interval: 120,
    rotates: false,
    cookie: true,
    docs: true,
    oauth: false
  })
  t.equal((await lesson({ DOCS: 'off' })).docs, false)
  t.strictSame(await lesson({ REUSE_INTERVAL: '0' }), {
    reuse_interval: 0,
    rotates: true,
    cookie: false,
    docs: true,
    oauth: false
  })
})
