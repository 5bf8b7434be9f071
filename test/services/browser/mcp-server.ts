import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import type { Browser, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { logIn, press, title } from '../../fixtures/clients/consent-page.ts'
import { type McpHost, createMcpHost, textOf } from '../../fixtures/oauth/mcp-host.ts'
import { openBrowser, skip, violationsOf, visit } from '../../fixtures/servers/chromium.ts'
import { freePort } from '../../fixtures/servers/server-process.ts'

const browser = skip === false ? await openBrowser() : undefined
t.teardown(() => browser?.close())

/** Starts the MCP server of the recipes as a process. Returns the URL of its endpoint. */
async function startServer (t: Test): Promise<string> {
  const child = spawn(process.execPath,
    ['--import', './test/strip-types.js', 'example/recipes/mcp-server/start.ts'],
    { env: { ...process.env, PORT: `${await freePort()}` }, stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  t.after(() => {
    child.kill('SIGKILL')
    return exited
  })
  for await (const line of createInterface(child.stdout)) {
    if (/^http:.*\/mcp$/.test(line)) return line
  }
  throw new Error('The server did not start.')
}

interface Callback {
  redirectUrl: string
  /** Resolves to the URL that a browser opens. */
  answer: Promise<URL>
}

/** Waits for the answer as a program in a terminal does: by a server on this machine. */
async function listenForAnswer (t: Test): Promise<Callback> {
  const server = createServer().listen(0, '127.0.0.1')
  t.after(() => { server.close().closeAllConnections() })
  await once(server, 'listening')
  const redirectUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`
  const answer = new Promise<URL>(resolve => {
    server.on('request', (request, reply) => {
      reply.setHeader('content-type', 'text/plain').end('You can close this page.')
      const url = new URL(request.url ?? '', redirectUrl)
      if (url.pathname === '/callback') resolve(url)
    })
  })
  return { redirectUrl, answer }
}

interface Place extends McpHost, Callback { page: Page, faults: string[] }

/** A host that has sent a browser to the consent page. */
async function open (t: Test): Promise<Place> {
  const url = await startServer(t)
  const callback = await listenForAnswer(t)
  const host = createMcpHost(t, url, {
    clientId: 'terminal', redirectUrl: callback.redirectUrl, issuer: new URL(url).origin
  })
  const { page, faults } = await visit(browser as Browser, String(await host.loginUrl()), {
    refusals: [400, 401]
  })
  t.after(() => page.context().close())
  await title(page, 'Log in to connect Terminal')
  await logIn(page)
  await title(page, 'Connect Terminal to your account?')
  return { ...host, ...callback, page, faults }
}

t.test('a user allows a program on the same machine to call tools', { skip }, async t => {
  const { page, faults, redirectUrl, answer, finish } = await open(t)
  t.equal(await page.locator('#user').textContent(), 'vitor')
  t.same(await page.locator('#scopes li').allTextContents(), ['See your photos'])
  t.equal(await page.locator('#host').textContent(), new URL(redirectUrl).host)
  t.ok(await page.locator('#loopback').isVisible(), 'the page warns of a program on the machine')
  t.same(await violationsOf(page), [])
  await press(page, 'Allow')
  const client = await finish(await answer)
  t.equal(await textOf(client, 'list_photos'), 'Mountains at dawn\nMountains at noon')
  await page.getByText('You can close this page.').waitFor()
  t.same(faults, [])
})

t.test('a user denies it', { skip }, async t => {
  const { page, faults, answer, finish, saved } = await open(t)
  await press(page, 'Deny')
  const { searchParams } = await answer
  t.equal(searchParams.get('error'), 'access_denied')
  await t.rejects(finish(await answer), /no code/)
  t.equal(saved.tokens, undefined)
  t.same(faults, [])
})
