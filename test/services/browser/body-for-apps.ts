import type { AddressInfo } from 'node:net'
import type { Browser } from 'playwright-core'
import t from 'tap'
import { buildHost } from '../../fixtures/host.ts'
import { ELSEWHERE, openBrowser, skip, visit } from '../../fixtures/servers/chromium.ts'
import { until } from '../../fixtures/servers/processes.ts'

const browser = skip === false ? await openBrowser() : undefined
t.teardown(() => browser?.close())

/**
 * Scripts that post a form to `url`, without the headers of a browser if they can. A page that came
 * by http from another host than localhost sends no `Sec-Fetch-Site`, so `Origin` has to do.
 */
const MEANS: Record<string, string> = {
  fetch: "await fetch(url, { method: 'POST', body })",
  'fetch with its own headers': `await fetch(url, {
    method: 'POST', body, headers: { Origin: '', 'Sec-Fetch-Site': '', 'Sec-Fetch-Mode': '' }
  })`,
  'fetch without a referrer': `await fetch(url, {
    method: 'POST', body, referrer: '', referrerPolicy: 'no-referrer', mode: 'same-origin'
  })`,
  'fetch without CORS': `await fetch(url, {
    method: 'POST', body, mode: 'no-cors', referrerPolicy: 'no-referrer', keepalive: true
  })`,
  XMLHttpRequest: `await new Promise(resolve => {
    const request = new XMLHttpRequest()
    request.open('POST', url)
    try { request.setRequestHeader('Origin', '') } catch {}
    request.onloadend = resolve
    request.send(body)
  })`,
  sendBeacon: 'navigator.sendBeacon(url, body)',
  'a worker': `await new Promise(resolve => {
    const code = 'onmessage = async ({ data: [url, body] }) => { ' +
      'await fetch(url, { method: "POST", body: new URLSearchParams(body) }); postMessage(1) }'
    const worker = new Worker(URL.createObjectURL(new Blob([code])))
    worker.onmessage = resolve
    worker.postMessage([url, String(body)])
  })`,
  'a form in a frame': "submit('')",
  'a form in a frame without a referrer': "submit('no-referrer')",
  'a form in a sandbox': "submit('no-referrer', 'allow-forms allow-scripts')"
}

const SUBMIT = `const submit = (policy, sandbox) => {
  const frame = document.createElement('iframe')
  if (sandbox !== undefined) frame.sandbox = sandbox
  const inputs = [...body].map(([name, value]) => '<input name="' + name + '" value="' + value + '">')
  frame.srcdoc = '<meta name="referrer" content="' + policy + '">' +
    '<form method="post" action="' + url + '">' + inputs.join('') + '</form>' +
    '<script>document.forms[0].submit()</script>'
  document.body.append(frame)
}`

interface Answer { status: number, hasSite: boolean, hasOrigin: boolean, payload: string }

t.test('bodyForApps: without TLS no script gets a refresh token', { skip }, async t => {
  const answers: Answer[] = []
  const { app } = await buildHost(t, {
    options: { cookie: { bodyForApps: true } },
    before: app => app.addHook('onSend', async ({ method, headers }, { statusCode }, payload) => {
      if (method !== 'POST') return
      answers.push({
        status: statusCode,
        hasSite: headers['sec-fetch-site'] !== undefined,
        hasOrigin: headers.origin !== undefined,
        payload: String(payload)
      })
    }),
    after: app => app.get('/', async (_request, reply) => reply.type('text/html').send('<p>'))
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const { page } = await visit(browser as Browser, `http://${ELSEWHERE}:${port}`)

  for (const [name, script] of Object.entries(MEANS)) {
    for (const [path, form] of [['', 'username=vitor&password=123'], ['refresh/', '']] as const) {
      answers.length = 0
      await page.evaluate(`(async () => {
        const url = location.origin + '/api/token/${path}'
        const body = new URLSearchParams('${form}')
        ${SUBMIT}
        ${script}
      })()`)
      await until(() => answers.length > 0)
      const [{ status, hasSite, hasOrigin, payload }] = answers as [Answer]
      t.same({ hasSite, hasOrigin }, { hasSite: false, hasOrigin: true }, name)
      t.notMatch(payload, '"refresh"', `${name}: ${status}`)
    }
  }

  t.comment('an app has no Origin either')
  const reply = await app.inject({
    method: 'POST', url: '/api/token/', payload: { username: 'vitor', password: '123' }
  })
  t.match(reply.body, '"refresh"')
})
