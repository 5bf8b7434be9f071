import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import { openDocumentApp } from '../../fixtures/oauth/document-app.ts'
import { goThrough } from '../../fixtures/oauth/person.ts'
import { TERMINAL, openOAuthServer } from '../../fixtures/oauth/server.ts'
import { fetchMcpConformance, fetchNode } from '../../fixtures/servers/other-node.ts'
import { skipUnless } from '../../fixtures/servers/programs.ts'
import { freePort } from '../../fixtures/servers/server-process.ts'

const node = await fetchNode(22)
const program = node && await fetchMcpConformance()
const skip = skipUnless(
  program, '@modelcontextprotocol/conformance with a Node 22, which npx could fetch,')

interface Check { id: string, status: string, errorMessage?: string }

/** Returns the status of each check that the program has made, with the reason for a bad one. */
const statusesIn = (folder: string): Record<string, string> =>
  Object.fromEntries(readdirSync(folder)
    .flatMap(run => JSON.parse(readFileSync(join(folder, run, 'checks.json'), 'utf8')) as Check[])
    .map(({ id, status, errorMessage = '' }) => [id, `${status} ${errorMessage}`.trim()]))

/** Runs the program, and does what it asks its user to do in a browser. */
async function checkServer (t: Test, url: string, clientId: string, moreArgs: string[] = []) {
  const folder = t.testdir()
  const child = spawn(node as string, [
    program as string, 'authorization', '--url', url, '--client-id', clientId,
    '--port', String(await freePort()), '--output-dir', folder, ...moreArgs
  ], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill())
  const closed = once(child, 'close')
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line)
    if (!line.startsWith('Callback server started')) continue
    const request = lines.find(line => line.startsWith(`${url}/oauth/authorize?`))
    const reply = await fetch(await goThrough(String(request)))
    t.match(await reply.text(), /^OK\./)
  }
  const [exitCode] = await closed
  return { exitCode, total: lines.findLast(line => line !== ''), statuses: statusesIn(folder) }
}

const PASSED = {
  exitCode: 0,
  total: 'Total: 3 passed, 0 failed',
  statuses: {
    'authorization-server-metadata': 'SUCCESS',
    'authorization-server-metadata-cimd': 'SUCCESS',
    'authorization-code-grant': 'SUCCESS'
  }
}

t.test('the conformance tests of MCP pass for a registered client', { skip }, async t => {
  const { url, audience } = await openOAuthServer(t, { oauth: { metadataDocuments: true } })
  t.same(await checkServer(t, url, TERMINAL.id), PASSED)
  t.same(await checkServer(t, url, TERMINAL.id, ['--resource', audience]), PASSED)
})

t.test('the conformance tests of MCP pass for a client with a document', { skip }, async t => {
  const { url, client, host } = await openDocumentApp(t)
  t.same(await checkServer(t, url, client), PASSED)
  t.same(host.requests, ['/client.json'])
})
