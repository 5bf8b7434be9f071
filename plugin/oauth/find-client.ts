import { type Refuse, hostFunction } from '../option-checks.ts'
import { type Client, type FindClient, isClientId, resolveClient } from './clients.ts'
import { refuse } from './option-refusals.ts'
import type { OAuthClient, OAuthOptions } from './options.ts'

/**
 * Checks the options `clients` and `findClient`. Returns the function that looks up a client. No
 * client may have `audience` as its id: its ID tokens would look like access tokens of the API.
 * @throws TypeError that names the option and its rule
 */
export function createFindClient (
  {
    clients = [], findClient, metadataDocuments
  }: Pick<OAuthOptions, 'clients' | 'findClient' | 'metadataDocuments'>,
  scopes: readonly string[],
  audience?: string
): FindClient {
  const find = hostFunction('findClient', findClient, refuse)
  if (!Array.isArray(clients)) refuse('clients', 'must be an array of clients.')
  if (clients.length === 0 && find === undefined && !metadataDocuments) {
    refuse('clients', 'must have at least one client, unless "findClient" or ' +
      '"metadataDocuments" is set.')
  }
  const known = new Map<string, Client>()
  for (const [index, given] of clients.entries()) {
    const client = resolveClient(`clients[${index}]`, given, scopes, refuse)
    if (known.has(client.id)) refuse(`clients[${index}].id`, 'must be unique.')
    if (client.id === audience) refuse(`clients[${index}].id`, AUDIENCE_RULE)
    known.set(client.id, client)
  }
  return async id => {
    if (!isClientId(id)) return null
    const client = known.get(id) ?? checkedAnswer(await find?.(id), id, scopes)
    if (client !== null && id === audience) refuseAnswer('findClient().id', AUDIENCE_RULE)
    return client
  }
}

const AUDIENCE_RULE = 'is the "audience" of fastify-simplejwt, and the ID tokens of a client are ' +
  'for its id. Choose another id.'

const refuseAnswer: Refuse = (name, rule) => {
  throw new Error(`fastify-simplejwt/oauth: ${name} ${rule}`)
}

/** A client that is not valid in the host's database is a fault of the server, not an answer. */
function checkedAnswer (
  given: OAuthClient | null | undefined, id: string, scopes: readonly string[]
): Client | null {
  if (given === null || given === undefined) return null
  const client = resolveClient('findClient()', given, scopes, refuseAnswer)
  return client.id === id ? client : refuseAnswer('findClient().id', 'must be the id asked for.')
}
