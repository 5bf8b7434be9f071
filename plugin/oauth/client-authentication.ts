import type { FastifyRequest } from 'fastify'
import type { Emit } from '../events.ts'
import { repeatsAuthorization } from '../guard/bearer-token.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import { isSecretOf } from './client-secrets.ts'
import { type Client, type FindClient, isClientId } from './clients.ts'
import { isDocumentUrl } from './documents/document-url.ts'
import { invalidClient, invalidRequest } from './errors.ts'
import type { Parameters } from './parameters.ts'

/** The client that a request names, and its proof. */
interface Credentials { id: string | undefined, secret: string | undefined }

/** The members of a registration that authenticate a client. */
export interface ClientAuthentication { readonly findClient: FindClient, readonly emit: Emit }

/**
 * Returns the form of a request, and the client that proves to have sent it.
 * @throws SimpleJwtError 400 for a parameter that is there twice, 429 for too many fetches of
 *   metadata documents, and as `authenticateClient`
 */
export async function authenticatedForm (
  {
    core, options, limitByAddress
  }: Pick<AuthorizationServer, 'core' | 'options' | 'limitByAddress'>,
  request: FastifyRequest
): Promise<{ client: Client, form: Parameters }> {
  const form = request.body as Parameters
  if (form.repeated !== undefined) throw invalidRequest('A parameter is there twice.')
  // A refusal counts only after the fetch. The sender decides which host gets the request.
  const findClient: FindClient = id => options.findClient(id, () => limitByAddress(request))
  const client = await authenticateClient({ findClient, emit: core.emit }, request, form)
  return { client, form }
}

/**
 * Returns the client of a request: by `client_secret_basic` or `client_secret_post` (RFC 6749
 * section 2.3.1), or a public client by its `client_id`.
 * @throws SimpleJwtError 400 for two authentications at once. 401, always the same and after the
 *   same work: an unknown client, a wrong secret, a missing one, one of a client that has none, and
 *   no `client_id`
 */
export async function authenticateClient (
  { findClient, emit }: ClientAuthentication, request: FastifyRequest, form: Parameters
): Promise<Client> {
  const { id, secret } = credentialsOf(request, form)
  // The host's database gets no text that cannot be an id, and the log no hostile one.
  const clientId = isClientId(id) || isDocumentUrl(id) ? id : undefined
  const client = clientId === undefined ? null : await findClient(clientId)
  const isRight = isSecretOf(secret ?? '', client?.secretHash)
  const isPublic = client?.secretHash === undefined
  // A hash of the empty text is no reason to go without a secret.
  if (client !== null && (secret === undefined ? isPublic : isRight)) return client
  emit({
    type: 'client_failed', ...(clientId !== undefined && { clientId }), address: request.ip
  }, request.log)
  throw invalidClient()
}

/** @throws SimpleJwtError 400 */
function credentialsOf (request: FastifyRequest, form: Parameters): Credentials {
  const posted = { id: form.get('client_id'), secret: form.get('client_secret') }
  if (repeatsAuthorization(request.raw.rawHeaders)) {
    throw invalidRequest('The request has more than one Authorization header.')
  }
  const { authorization } = request.headers
  if (authorization === undefined) return posted
  if (posted.secret !== undefined) {
    throw invalidRequest('Use either the Authorization header or client_secret, not both.')
  }
  const basic = basicCredentials(authorization)
  if (posted.id !== undefined && basic.id !== undefined && posted.id !== basic.id) {
    throw invalidRequest('The client_id differs from that in the Authorization header.')
  }
  return basic
}

const BASIC = /^basic +([A-Za-z0-9+/]+={0,2})$/i
const NO_CLIENT: Credentials = { id: undefined, secret: undefined }

/** Another scheme and a header that cannot be decoded name no client. */
function basicCredentials (header: string): Credentials {
  const encoded = BASIC.exec(header)?.[1]
  if (encoded === undefined) return NO_CLIENT
  try {
    const pair = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
      .decode(Buffer.from(encoded, 'base64'))
    const colon = pair.indexOf(':')
    if (colon === -1) return NO_CLIENT
    const secret = formDecoded(pair.slice(colon + 1))
    // An empty secret counts as none, as an empty parameter does.
    return { id: formDecoded(pair.slice(0, colon)), secret: secret === '' ? undefined : secret }
  } catch {
    return NO_CLIENT
  }
}

/** @throws Error for a bad percent-encoding, or one that is not UTF-8 */
const formDecoded = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '))
