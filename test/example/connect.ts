import { readFileSync } from 'node:fs'
import fastify from 'fastify'
import t from 'tap'
import { connect } from '../../example/connect.ts'

const read = (name: string): string => readFileSync(`example/connect/${name}`, 'utf8')

t.test('the page and its script come as they are in example/connect', async t => {
  const app = fastify()
  t.after(() => app.close())
  await app.register(connect)
  for (const [url, file, type] of [
    ['/connect?authorization=x', 'connect.html', 'text/html'],
    ['/connect.js', 'connect.js', 'application/javascript']
  ] as const) {
    const { statusCode, body, headers } = await app.inject(url)
    t.equal(statusCode, 200)
    t.equal(body, read(file))
    t.match(headers['content-type'], type)
  }
  t.equal((await app.inject('/connect.html')).statusCode, 404, 'not without its policy')
})

t.test('the page loads nothing from elsewhere, and cannot be framed', async t => {
  const app = fastify()
  t.after(() => app.close())
  await app.register(connect)
  const { headers } = await app.inject('/connect')
  t.equal(headers['content-security-policy'],
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
    "frame-ancestors 'none'")
  t.equal(headers['x-frame-options'], 'DENY')
  t.equal(headers['referrer-policy'], 'no-referrer')
})

t.test('the page has no inline script or style, and only absolute paths', async t => {
  const html = read('connect.html')
  t.notMatch(html, /<style|style=|\son\w+=|<script(?![^>]* src=)/)
  for (const [, address] of html.matchAll(/(?:src|href)="([^"]*)"/g)) t.match(address, /^\/\w/)
})

t.test('the script keeps no token, and writes no HTML', async t => {
  t.notMatch(read('connect.js'),
    /localStorage|sessionStorage|indexedDB|document\.cookie|innerHTML|outerHTML|insertAdjacent/)
})
