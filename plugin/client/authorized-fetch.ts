import { unlessAborted } from './abort.ts'
import { AuthError } from './auth-error.ts'
import type { Parts } from './parts.ts'
import { ready } from './ready.ts'
import { refresh } from './refresh.ts'

type Fetch = typeof fetch

/** Calls `fetch` with the access token, and once more with a new one if the guard refused it. */
export async function authorizedFetch (
  parts: Parts, ...[input, init]: Parameters<Fetch>
): Promise<Response> {
  const { send, url: urlOf, options: { origins = [], userIdClaim = 'user_id' } } = parts
  const request = (input as Request).url ? input as Request : undefined
  const url = urlOf(request?.url ?? input as string | URL)
  const target = request ?? url
  const headers = new Headers(init?.headers ?? request?.headers)
  const isTrusted = [urlOf('/'), ...origins].some(place => new URL(place).origin === url.origin)
  if (!isTrusted || headers.has('authorization')) return send(target, init)

  const isOnly = isStream(init?.body)
  const userId = parts.user?.[userIdClaim]
  const waitFor = async (refreshed: Promise<void>): Promise<void> => {
    await unlessAborted(refreshed, init?.signal ?? request?.signal)
    if (userId && parts.user && parts.user[userIdClaim] !== userId) {
      throw new AuthError('Another user has logged in.', { code: 'user_changed' })
    }
  }
  const go = (to: URL | Request): Promise<Response> => {
    if (parts.access) headers.set('authorization', `Bearer ${parts.access}`)
    return send(to, { ...init, headers })
  }

  await waitFor(ready(parts, isOnly))
  const sent = parts.access
  const reply = await go(isOnly || !request ? target : request.clone())
  if (!sent || !isRefusedToken(reply)) return reply
  await waitFor(refresh(parts, sent))
  if (isOnly || !parts.access) return reply
  reply.body?.cancel().catch(() => {})
  return go(target)
}

/** Streams are read once, so the client cannot send them again. */
function isStream (body: unknown): boolean {
  const stream = body as Partial<ReadableStream> | null | undefined
  return Boolean(stream?.getReader ?? stream?.[Symbol.asyncIterator])
}

/**
 * Returns whether the guard refused the token (RFC 6750, section 3.1). A route may answer 401 for
 * reasons of its own. An answer of another origin may hide its header.
 */
const isRefusedToken = ({ status, headers, type }: Response): boolean =>
  status === 401 &&
  (headers.get('www-authenticate')?.includes('invalid_token') ?? type === 'cors')
