import { ALGORITHMS } from '../keys/algorithms.ts'

export const USAGE = `npx fastify-simplejwt keygen [ALGORITHM] [--out FILE]

  Prints a new private key as a JWK with a kid, for a key file.

  ALGORITHM   ${Object.keys(ALGORITHMS).join(', ')}; default ES256
  --out FILE  write the key to a new file with mode 0600, and print the kid

npx fastify-simplejwt client NAME

  Prints a new secret of an OAuth client, and the hash for the option "clients".

  NAME        the id of the client`

/** The output of the command. The exit code is 1 if there is text for stderr. */
export interface Said { stdout?: string, stderr?: string }
