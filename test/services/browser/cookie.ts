import type { AddressInfo } from 'node:net'
import t from 'tap'
import { buildApp } from '../../fixtures/app.ts'
import { openBrowser, skip, visit } from '../../fixtures/servers/chromium.ts'

const SERVICE_WORKER = `
  addEventListener('install', () => skipWaiting())
  addEventListener('activate', event => event.waitUntil(clients.claim()))
  addEventListener('fetch', event => {
    if (event.request.method !== 'POST') return
    event.respondWith(event.request.text().then(body => fetch(event.request.url, {
      method: 'POST', body, headers: { 'content-type': 'application/json' }
    })))
  })`

/** Each way of a page to send a POST and to read its answer: a name, and the text that it gets. */
const WAYS = `
  const json = { 'content-type': 'application/json' }
  const text = async (url, init) => (await fetch(url, { method: 'POST', ...init })).text()
  const inits = body => [
    ['fetch', { headers: json, body }],
    ...['same-origin', 'cors', 'no-cors'].map(mode => ['mode ' + mode, { mode, headers: json, body }]),
    ...['omit', 'same-origin', 'include'].map(
      credentials => ['credentials ' + credentials, { credentials, headers: json, body }]),
    ['no referrer', { referrerPolicy: 'no-referrer', referrer: '', headers: json, body }],
    ['keepalive', { keepalive: true, headers: json, body }],
    ['forbidden headers', {
      headers: { ...json, origin: '', 'sec-fetch-site': '', 'x-origin': 'a' }, body }],
    ['form', { body: new URLSearchParams(JSON.parse(body)) }],
    ['text', { headers: { 'content-type': 'text/plain' }, body }]
  ]
  const xhr = (url, body, isAsync) => new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', url, isAsync)
    for (const name of ['origin', 'sec-fetch-site']) {
      try { request.setRequestHeader(name, '') } catch {}
    }
    request.setRequestHeader('content-type', 'application/json')
    request.onload = () => resolve(request.responseText)
    request.onerror = reject
    request.send(body)
    if (!isAsync) resolve(request.responseText)
  })
  const inWorker = (url, body, shared) => new Promise(resolve => {
    const post = shared ? 'ports[0].postMessage' : 'postMessage'
    const send = 'fetch(' + JSON.stringify(url) + ', { method: "POST", headers: ' +
      JSON.stringify(json) + ', body: ' + JSON.stringify(body) + ' }).then(reply => reply.text())' +
      '.then(text => ' + (shared ? 'event.' : '') + post + '(text), () => ' +
      (shared ? 'event.' : '') + post + '("none"))'
    const code = shared ? 'onconnect = event => ' + send : send
    const source = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }))
    const worker = shared ? new SharedWorker(source).port : new Worker(source)
    worker.onmessage = ({ data }) => resolve(data)
  })
  const inFrame = (attributes, code) => new Promise(resolve => {
    const frame = document.createElement('iframe')
    Object.assign(frame, attributes)
    addEventListener('message', ({ data }) => resolve(data), { once: true })
    frame.srcdoc = '<script>' + code + '</' + 'script>'
    document.body.append(frame)
  })
  const byForm = (url, body) => new Promise(resolve => {
    const frame = document.createElement('iframe')
    frame.name = 'answer' + Math.random()
    document.body.append(frame)
    const form = document.createElement('form')
    Object.assign(form, { method: 'POST', action: url, target: frame.name })
    form.rel = 'noreferrer noopener'
    for (const [name, value] of Object.entries(JSON.parse(body))) {
      const input = document.createElement('input')
      Object.assign(input, { name, value })
      form.append(input)
    }
    document.body.append(form)
    frame.onload = () => {
      const answer = frame.contentDocument?.body?.innerText
      if (answer) resolve(answer)
    }
    form.submit()
    setTimeout(() => resolve('none'), 2000)
  })
  const attempt = async (name, run) => [name, await run().catch(String)]

  async function answers (url, body) {
    const framed = 'fetch(' + JSON.stringify(location.origin + url) + ', { method: "POST", ' +
      'body: ' + JSON.stringify(body) + ', headers: ' + JSON.stringify(json) + ' })' +
      '.then(reply => reply.text()).catch(String).then(text => parent.postMessage(text, "*"))'
    const found = []
    for (const [name, init] of inits(body)) found.push(await attempt(name, () => text(url, init)))
    found.push(await attempt('XMLHttpRequest', () => xhr(url, body, true)))
    found.push(await attempt('synchronous XMLHttpRequest', () => xhr(url, body, false)))
    found.push(await attempt('worker', () => inWorker(location.origin + url, body, false)))
    found.push(await attempt('shared worker', () => inWorker(location.origin + url, body, true)))
    found.push(await attempt('frame', () => inFrame({}, framed)))
    found.push(await attempt('sandboxed frame', () => inFrame({ sandbox: 'allow-scripts' }, framed)))
    found.push(await attempt('form', () => byForm(url, body)))
    found.push(['beacon', String(navigator.sendBeacon(url, new Blob([body], { type: json['content-type'] })))])
    return found
  }`

t.test('no script of a page gets a refresh token into a body', { skip }, async t => {
  const { app } = await buildApp(t, { cookie: { bodyForApps: true }, reuseInterval: '1h' })
  /** POSTs that have neither header of a browser, and answers that have a refresh token. */
  const seen = { posts: 0, unmarked: 0, given: 0 }
  app.addHook('onRequest', async ({ method, headers }) => {
    if (method !== 'POST') return
    seen.posts++
    if (headers.origin === undefined && headers['sec-fetch-site'] === undefined) seen.unmarked++
  })
  app.addHook('onSend', async (_request, _reply, payload) => {
    if (/"refresh":"[\w-]+\./.test(String(payload))) seen.given++
  })
  app.get('/page', (_request, reply) => reply.type('text/html').send('<!doctype html><body>'))
  app.get('/worker.js', (_request, reply) => reply.type('text/javascript').send(SERVICE_WORKER))
  await app.listen({ host: '127.0.0.1', port: 0 })
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/page`
  const browser = await openBrowser()
  t.teardown(() => browser.close())
  const { page } = await visit(browser, url, { refusals: [400, 401, 403, 415] })

  const login = JSON.stringify({ username: 'vitor', password: '123' })
  const answersOf = (path: string, body: string) => page.evaluate<[string, string][]>(
    `(async () => { ${WAYS}; return answers(${JSON.stringify(path)}, ${JSON.stringify(body)}) })()`)
  const checkAll = async (way: string) => {
    for (const [path, body] of [['/api/token/', login], ['/api/token/refresh/', '{}']] as const) {
      const answers = await answersOf(path, body)
      t.ok(answers.filter(([, text]) => text.startsWith('{"access":"')).length > 5, 'it goes on')
      for (const [name, text] of answers) t.notMatch(text, '"refresh":"', `${way} ${path}: ${name}`)
    }
  }
  await checkAll('page')
  await page.evaluate(`navigator.serviceWorker.register('/worker.js')
    .then(() => navigator.serviceWorker.ready)
    .then(() => navigator.serviceWorker.controller ?? new Promise(resolve => {
      navigator.serviceWorker.oncontrollerchange = resolve
    })).then(() => true)`)
  await checkAll('service worker')
  t.ok(seen.posts > 50)
  t.same([seen.unmarked, seen.given], [0, 0])
})

t.test('a login in a browser that is logged in leaves one session', { skip }, async t => {
  const { app, events } = await buildApp(t, { cookie: true })
  app.get('/page', (_request, reply) => reply.type('text/html').send('<!doctype html><body>'))
  await app.listen({ host: '127.0.0.1', port: 0 })
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/page`
  const browser = await openBrowser()
  t.teardown(() => browser.close())
  const { page } = await visit(browser, url, { refusals: [401] })
  const statuses = await page.evaluate<number[]>(`(async () => {
    const post = (path, body) => fetch('/api/token/' + path, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body)
    })
    const first = await (await post('', { username: 'vitor', password: '123' })).json()
    const second = await (await post('', { username: 'maria', password: '456' })).json()
    const hello = ({ access }) => fetch('/hello/', { headers: { authorization: 'Bearer ' + access } })
    const replies = [await hello(first), await hello(second), await post('refresh/', {})]
    return replies.map(({ status }) => status)
  })()`)
  t.strictSame(statuses, [401, 200, 200])
  t.strictSame(events.map(({ type, userId }) => [type, userId]), [
    ['login', '1'], ['login', '3'], ['revoked', '1'], ['refreshed', '3']
  ])
})
