import type { FastifyReply } from 'fastify'
import { mintRefusal } from './authorization.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import type { ReturnAddress } from './authorization-request.ts'
import type { RedirectError } from './errors.ts'
import { withParameters } from './redirect-uris.ts'

type Place = Pick<ReturnAddress, 'redirectUri' | 'state'>

/**
 * Returns the URL that answers a client. `iss` tells it which server answers (RFC 9207 section 2).
 */
export const successUrl = (
  { endpoints }: Pick<AuthorizationServer, 'endpoints'>,
  { redirectUri, state }: Place,
  code: string
): string => withParameters(redirectUri, { code, state, iss: endpoints.issuer })

/** Returns the URL that tells a client an error (RFC 6749 section 4.1.2.1). */
export const errorUrl = (
  { endpoints }: Pick<AuthorizationServer, 'endpoints'>,
  { redirectUri, state }: Place,
  { error, description }: RedirectError
): string =>
  withParameters(redirectUri,
    { error, error_description: description, state, iss: endpoints.issuer })

/**
 * Returns the URL that takes the error of a request to the client. For a client that a metadata
 * document describes it goes to the consent page: only the app vouches for its redirect URI, and
 * without a page the server would be an open redirector (RFC 9700 section 4.11.2).
 */
export function refusalUrl (
  server: Pick<AuthorizationServer, 'core' | 'options' | 'endpoints'>,
  address: ReturnAddress,
  error: RedirectError
): string {
  if (!address.client.fromDocument) return errorUrl(server, address, error)
  const authorization = mintRefusal(server, address.client, error)
  return withParameters(server.options.interactionUrl, { authorization })
}

/**
 * Redirects a browser. With 303 it repeats no form (RFC 9700 section 4.12), and the URL leaks to no
 * `Referer` (section 4.2).
 */
export const redirectTo = (reply: FastifyReply, url: string): FastifyReply =>
  reply.header('referrer-policy', 'no-referrer').redirect(url, 303)
