import { newSecret } from '../oauth/client-secrets.ts'
import { CLIENT_ID_RULE, isClientId } from '../oauth/clients.ts'
import { type Said, USAGE } from './usage.ts'

/** Makes the secret of an OAuth client. */
export function client (id: string | undefined): Said {
  if (id === undefined) return { stderr: USAGE }
  if (!isClientId(id)) return { stderr: `NAME ${CLIENT_ID_RULE}` }
  const { secret, hash } = newSecret()
  return {
    stdout: [
      `client_id      ${id}`,
      `client_secret  ${secret.padEnd(hash.length)}  (give it to the app; it is not shown again)`,
      `secretHash     ${hash}  (for the option "clients")`
    ].join('\n')
  }
}
