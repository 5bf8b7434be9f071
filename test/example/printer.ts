import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { built } from '../fixtures/servers/built.ts'
import { startPrinter } from '../fixtures/servers/oauth-demo.ts'

const ISSUER = 'http://127.0.0.1:8000'

t.test('Photo Printer is a page with a policy, and the address of the demo', async t => {
  const { url, stop } = await startPrinter(t, ISSUER)
  for (const [path, file] of [
    ['/', 'printer/printer.html'], ['/callback?code=secret', 'printer/printer.html'],
    ['/printer.js', 'printer/printer.js'], ['/style.css', 'public/style.css']
  ] as const) {
    const reply = await fetch(url + path)
    t.equal(await reply.text(), readFileSync(`example/${file}`, 'utf8'), path)
    t.equal(reply.headers.get('content-security-policy'),
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; " +
      `connect-src 'self' ${ISSUER}; frame-ancestors 'none'`)
    t.equal(reply.headers.get('referrer-policy'), 'no-referrer')
  }
  t.strictSame(await (await fetch(`${url}/settings.json`)).json(), {
    issuer: ISSUER, client_id: 'photo-printer'
  })
  t.equal((await fetch(`${url}/index.html`)).status, 404, 'no page of the demo')
  t.equal(await stop(), 0)
})

t.test('no code of an answer is in its log', async t => {
  const { url, log, stop } = await startPrinter(t, ISSUER)
  await fetch(`${url}/callback?code=secret&state=secret`)
  await stop()
  t.match(log.join(''), '"url":"/callback"')
  t.notMatch(log.join(''), 'secret')
})

t.test('a bad setting stops the start', async t => {
  for (const env of [{ ISSUER: 'demo' }, { ISSUER: 'http://a; b' }, { PRINTER_PORT: 'x' }]) {
    const child = spawn(process.execPath, [built('dist/example/printer.js')], {
      env: { ...process.env, PRINTER_PORT: '0', ...env }, stdio: ['ignore', 'ignore', 'pipe']
    })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => { said += chunk })
    const [code] = await once(child, 'close')
    t.equal(code, 1)
    t.match(said, /^Photo Printer did not start: /)
  }
})
