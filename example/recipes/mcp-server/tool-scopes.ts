import type { FastifyInstance, preHandlerAsyncHookHandler } from 'fastify'

/** The scope of each request. */
export const READ = 'photos:read'

/** Tools that need more. */
const MORE = new Map<unknown, string>([['delete_photo', 'photos:write']])

/** A JSON-RPC message that has not been validated. */
type Message = { method?: unknown, params?: { name?: unknown } | null } | null

/** Returns the scopes beyond `READ` that the tool calls of a body need: a message, or several. */
function scopesOf (body: unknown): string[] {
  const messages: Message[] = Array.isArray(body) ? body : [body]
  const needed = messages.map(message =>
    message?.method === 'tools/call' ? MORE.get(message.params?.name) : undefined)
  return [...new Set(needed)].filter(scope => scope !== undefined)
}

/**
 * Answers 403 with all scopes of the call, before a tool runs. A client then asks the user for more
 * ("step-up"). An error of the tool could not say so: its status is 200.
 */
export const mayCallTools = (app: FastifyInstance): preHandlerAsyncHookHandler =>
  async (request, reply) => {
    const scopes = scopesOf(request.body)
    if (scopes.length > 0) await app.requireScope(READ, ...scopes)(request, reply)
  }
