import { readFileSync } from 'node:fs'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js'
import type { AuthInfo } from '@modelcontextprotocol/sdk/server/auth/types.js'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import {
  WebStandardStreamableHTTPServerTransport
} from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import type { AccessClaims } from 'fastify-simplejwt'
import t, { type Test } from 'tap'
import { authInfoOf } from '../../../example/recipes/mcp-server/auth-info.ts'
import { createPhotos } from '../../../example/recipes/mcp-server/photos.ts'
import { createTools } from '../../../example/recipes/mcp-server/tools.ts'
import { textOf } from '../../fixtures/oauth/mcp-host.ts'
import { logIn } from '../../fixtures/oauth/person.ts'
import { bearer } from '../../fixtures/recipes/bearer.ts'
import { inTime } from '../../fixtures/recipes/in-time.ts'
import { openMcpApp } from '../../fixtures/recipes/mcp-app.ts'

/** Calls the tools without HTTP, as a caller that a guard has let in, or none has. */
async function callerOf (t: Test, authInfo?: AuthInfo): Promise<Client> {
  const server = createTools(createPhotos({ 1: ['The sea'] }))
  const [here, there] = InMemoryTransport.createLinkedPair()
  const send = here.send.bind(here)
  here.send = (message, options) => send(message, { ...options, ...(authInfo && { authInfo }) })
  const client = new Client({ name: 'a host', version: '1.0.0' })
  t.after(() => client.close())
  await server.connect(there)
  await client.connect(here)
  return client
}

const CLAIMS: AccessClaims = { token_type: 'access', exp: 1, jti: 'j', user_id: '1' }

t.test('MCP tools: without a guard no tool has a user', async t => {
  const client = await callerOf(t)
  await t.rejects(textOf(client, 'list_photos'), /No user/)
  await t.rejects(textOf(client, 'delete_photo', { title: 'The sea' }), /No user/)
  t.equal(await textOf(await callerOf(t, authInfoOf(CLAIMS)), 'list_photos'), 'The sea')
})

t.test('MCP tools: get the user, the client and its scopes, and no token', async t => {
  t.same(authInfoOf({ ...CLAIMS, client_id: 'terminal', scope: 'photos:read photos:write' }), {
    token: '',
    clientId: 'terminal',
    scopes: ['photos:read', 'photos:write'],
    extra: { userId: '1' }
  })
  t.same(authInfoOf(CLAIMS), { token: '', clientId: '', scopes: [], extra: { userId: '1' } })
})

/** Sends a message to the server, and waits for its answer. */
async function ping (t: Test): Promise<void> {
  const { url, origin } = await openMcpApp(t)
  const reply = await fetch(url, {
    method: 'POST',
    headers: {
      ...bearer(await logIn(origin)),
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-06-18'
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' })
  })
  t.match(await reply.text(), '"result":{}')
}

t.test('MCP tools: no header brings them the token', async t => {
  const { prototype } = WebStandardStreamableHTTPServerTransport
  const handled = t.capture(prototype, 'handleRequest', prototype.handleRequest)
  await ping(t)
  const [request, options] = handled()[0]?.args ?? []
  t.equal(request?.headers.get('mcp-protocol-version'), '2025-06-18')
  t.equal(request?.headers.get('authorization'), null)
  t.equal(options?.authInfo?.extra?.userId, '1')
})

t.test('MCP tools: the server of a request closes with it', async t => {
  const closed = new Promise<void>(resolve => {
    t.capture(McpServer.prototype, 'close', async () => { resolve() })
  })
  await ping(t)
  await t.resolves(inTime(closed))
})

t.test('MCP: the login is ten lines', async t => {
  const source = readFileSync('example/recipes/mcp-server/login.ts', 'utf8')
  const body = /Promise<void> \{\n([^]*)\n\}\n$/.exec(source)?.[1] ?? ''
  t.equal(body.split('\n').length, 10)
})
