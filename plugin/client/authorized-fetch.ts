import { unlessAborted } from './abort.ts'
import { AuthError } from './auth-error.ts'
import type { Login } from './login.ts'

/**
 * Creates a `fetch` that sends the access token to the server and to `origins`, and sends a call
 * again if the guard refused its token. `userIdClaim` tells users apart.
 */
export function createFetch (
  send: typeof fetch,
  { user, access, ready, refresh }: Login,
  urlOf: (path: string | URL) => URL,
  origins: string[],
  userIdClaim: string
): typeof fetch {
  return async (input, init) => {
    const request = (input as Request).url ? input as Request : undefined
    const url = urlOf(request?.url ?? input as string | URL)
    const target = request ?? url
    const headers = new Headers(init?.headers ?? request?.headers)
    const isTrusted = [urlOf('/'), ...origins].some(place => new URL(place).origin === url.origin)
    if (!isTrusted || headers.has('authorization')) return send(target, init)

    // Streams are read once, so the client cannot send them again.
    const body = init?.body as Partial<ReadableStream> | null | undefined
    const isUnrepeatable = Boolean(body?.getReader ?? body?.[Symbol.asyncIterator])
    const userId = user()?.[userIdClaim]
    const waitFor = async (refreshed: Promise<void>): Promise<void> => {
      await unlessAborted(refreshed, init?.signal ?? request?.signal)
      if (userId && (user()?.[userIdClaim] ?? userId) !== userId) {
        throw new AuthError('Another user logged in.', { code: 'user_changed' })
      }
    }
    const go = (to: URL | Request): Promise<Response> => {
      if (access()) headers.set('authorization', `Bearer ${access()}`)
      return send(to, { ...init, headers })
    }

    await waitFor(ready(isUnrepeatable))
    const sent = access()
    const reply = await go(isUnrepeatable || !request ? target : request.clone())
    // The guard names the refused token (RFC 6750, section 3.1). A route may answer 401 for
    // other reasons. An answer of another origin may hide the header.
    const isRefused = reply.status === 401 &&
      (reply.headers.get('www-authenticate')?.includes('invalid_token') ?? reply.type === 'cors')
    if (!sent || !isRefused) return reply
    await waitFor(refresh(sent))
    if (isUnrepeatable || !access()) return reply
    reply.body?.cancel().catch(() => {})
    return go(target)
  }
}
