/*
 * Starts the server for a try: `npm run build`, then `node example/recipes/mcp-server/start.ts`
 * (Node 22.18 or later). Log in as `vitor` with the password `123`. Add http://127.0.0.1:8010/mcp
 * to an MCP client, with the client id `terminal`, or `mcp-inspector`.
 */
import { generateKeyPairSync } from 'node:crypto'
import { buildMcpApp } from './app.ts'
import { createPhotos } from './photos.ts'
import { createUsers } from './users.ts'

const port = Number(process.env.PORT ?? 8010)
const origin = `http://127.0.0.1:${port}`
const app = await buildMcpApp({
  origin,
  // In memory: at the next start each client asks the user again.
  privateKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  users: await createUsers({ vitor: '123', maria: '456' }),
  photos: createPhotos({ 1: ['Mountains at dawn', 'Mountains at noon'], 2: ['The sea'] }),
  pages: ['http://localhost:6274']
})
await app.listen({ host: '127.0.0.1', port })
console.log(`${origin}/mcp`)
