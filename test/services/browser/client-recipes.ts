import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { MINUTE, type TestApp, buildApp } from '../../fixtures/app.ts'
import { bundle, namedBlocks } from '../../fixtures/bundle-blocks.ts'
import { openBrowser, skip, visit } from '../../fixtures/servers/chromium.ts'

const BLOCKS = namedBlocks('docs/client.md')
const COMPONENTS = 20
const LOGIN = "fetch('/api/token/', { method: 'POST', headers: { 'content-type': " +
  "'application/json' }, body: '{\"username\":\"vitor\",\"password\":\"123\"}' }).then(() => true)"

/** Counts renders and listeners in `shown`, and keeps the signals of the calls. */
const COUNTED = `
import { client } from './client'
export const shown = { renders: 0, listeners: 0, signals: [] }
const { fetch, onChange } = client
client.fetch = (input, init) => {
  if (init?.signal) shown.signals.push(init.signal)
  return fetch(input, init)
}
client.onChange = listener => {
  const remove = onChange(listener)
  shown.listeners++
  return () => { shown.listeners--; remove() }
}
Object.assign(globalThis, { client, shown })
`

const FRAMEWORKS = {
  React: `
    import { shown } from './counted'
    import { Profiler, StrictMode } from 'react'
    import { createRoot } from 'react-dom/client'
    import { Hello } from './Hello'
    const root = createRoot(document.getElementById('root'))
    globalThis.unmount = () => root.unmount()
    root.render(<StrictMode><Profiler id="all" onRender={() => { shown.renders++ }}>
      {Array.from({ length: ${COMPONENTS} }, (_, index) => <Hello key={index} />)}
    </Profiler></StrictMode>)`,
  Vue: `
    import { shown } from './counted'
    import { createApp, h } from 'vue'
    import { useHello } from './useHello'
    const Hello = {
      setup () {
        const message = useHello()
        return () => { shown.renders++; return h('p', message.value) }
      }
    }
    const app = createApp(() => Array.from({ length: ${COMPONENTS} }, () => h(Hello)))
    globalThis.unmount = () => app.unmount()
    app.mount('#root')`
}

/** Serves a page with a script at `/`. */
function serve ({ app }: TestApp, script: string): void {
  const html = '<!doctype html><link rel="icon" href="data:,"><div id="root"></div>' +
    '<script type="module" src="/page.js"></script>'
  app.get('/', (_request, reply) => reply.type('text/html').send(html))
  app.get('/page.js', (_request, reply) => reply.type('text/javascript').send(script))
}

const listen = ({ app }: TestApp): Promise<string> => app.listen({ port: 0, host: '127.0.0.1' })

/** Waits until each paragraph has a text. */
const waitFor = (page: Page, text: string, count = COMPONENTS): Promise<unknown> =>
  page.waitForFunction(`(() => {
    const texts = [...document.querySelectorAll('p')].map(found => found.textContent)
    return texts.length === ${count} && texts.every(found => found === ${JSON.stringify(text)})
  })()`)

const FRAMES = 'new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))'

async function openPage (t: Test, url: string) {
  const browser = await openBrowser()
  t.teardown(() => browser.close())
  return { browser, ...await visit(browser, url) }
}

for (const [name, entry] of Object.entries(FRAMEWORKS)) {
  t.test(`${name}: ${COMPONENTS} components share one refresh`, { skip }, async t => {
    const built = await buildApp(t, { cookie: true })
    const { clock, events } = built
    const folder = t.testdir({ ...BLOCKS, 'counted.js': COUNTED, 'entry.jsx': entry })
    serve(built, await bundle(folder, 'entry.jsx'))
    const { page, faults } = await openPage(t, await listen(built))
    const typesOf = (): string[] => events.splice(0).map(({ type }) => type)
    await waitFor(page, 'Please log in.')
    t.strictSame(typesOf(), [], 'no user is logged in')

    await page.evaluate("client.login({ username: 'vitor', password: '123' })")
    await waitFor(page, 'Hello, World!')
    await page.reload()
    await waitFor(page, 'Hello, World!')
    t.strictSame(typesOf(), ['login', 'refreshed'], 'one refresh after a reload')

    const renders = await page.evaluate<number>('shown.renders')
    clock.advance(6 * MINUTE)
    t.equal(await page.evaluate("client.fetch('/hello/').then(reply => reply.status)"), 200)
    await page.evaluate(FRAMES)
    t.strictSame(typesOf(), ['refreshed'])
    t.equal(await page.evaluate('shown.renders'), renders, 'a later refresh renders nothing')

    await page.evaluate('client.logout()')
    await waitFor(page, 'Please log in.')
    t.ok(await page.evaluate('shown.listeners >= 20'))
    await page.evaluate('unmount()')
    t.equal(await page.evaluate('shown.listeners'), 0, 'the listeners end with the components')
    t.ok(await page.evaluate(
      'shown.signals.length >= 20 && shown.signals.every(({ aborted }) => aborted)'
    ), 'so do the calls')
    t.strictSame(faults, [])
  })
}

t.test('a page asks who its user is, and reloads for another one', { skip }, async t => {
  const built = await buildApp(t, { cookie: true })
  const entry = "import { client } from './client'\nimport './onShow'\nimport './onOtherUser'\n" +
    'Object.assign(globalThis, { client })'
  // Our package.json would let esbuild drop modules that export nothing.
  const folder = t.testdir({ ...BLOCKS, 'entry.js': entry, 'package.json': '{}' })
  serve(built, await bundle(folder, 'entry.js'))
  const url = await listen(built)
  const { page, faults } = await openPage(t, url)
  const userIs = (id: string): Promise<unknown> =>
    page.waitForFunction(`globalThis.client?.user?.user_id === '${id}'`)
  await page.waitForFunction('globalThis.client?.user === null')
  await page.evaluate("client.login({ username: 'vitor', password: '123' })")
  await userIs('1')
  await page.evaluate('globalThis.isOld = true')

  const other = await page.context().newPage()
  await other.goto(url)
  await other.evaluate("client.login({ username: 'maria', password: '456' })")
  await userIs('3')
  await page.waitForFunction('globalThis.isOld === undefined')
  await userIs('3')
  t.strictSame(faults, [])
})

/** Serves the page of the recipe for server-side rendering. Returns its address. */
async function renderOnServer (t: Test, changed: Record<string, string> = {}): Promise<string> {
  const built = await buildApp(t, { cookie: true })
  const folder = t.testdir({ ...BLOCKS, ...changed })
  const script = await bundle(folder, 'browser.tsx')
  const file = join(folder, 'page.cjs')
  writeFileSync(file, await bundle(folder, 'page.tsx', 'node'))
  Object.assign(globalThis, { app: built.app })
  createRequire(file)(file)
  built.app.get('/browser.js', (_request, reply) => reply.type('text/javascript').send(script))
  built.app.get('/favicon.ico', (_request, reply) => reply.code(204).send())
  return listen(built)
}

const htmlOf = (page: Page): Promise<string> =>
  page.evaluate<string>("fetch('/').then(reply => reply.text())")

t.test('SSR: the server knows no user, and the browser knows its own', { skip }, async t => {
  const url = await renderOnServer(t)
  const { browser, page, faults } = await openPage(t, url)
  await waitFor(page, 'Please log in.', 1)
  await page.evaluate(LOGIN)
  await page.reload()
  await waitFor(page, 'Hello, World!', 1)
  t.match(await htmlOf(page), '<div id="root"><p>...</p></div>')

  const other = await visit(browser, url)
  await waitFor(other.page, 'Please log in.', 1)
  t.equal(await htmlOf(other.page), await htmlOf(page), 'the page is the same for all visitors')
  t.strictSame([...faults, ...other.faults], [], 'the hydration finds no mismatch')
})

t.test('SSR: a user that the server knows is a mismatch', { skip }, async t => {
  const { 'useUser.ts': useUser = '' } = BLOCKS
  const changed = useUser.replace('() => undefined', '() => globalThis.location ? undefined : null')
  t.not(changed, useUser)
  const url = await renderOnServer(t, { 'useUser.ts': changed })
  const { page, faults } = await openPage(t, url)
  await waitFor(page, 'Please log in.', 1)
  t.match(faults.join(), /hydrat/i)
})
