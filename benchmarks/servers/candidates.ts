import { type Candidate, memory, postgres, redis, sqlite } from '../stores.ts'

/** The stores that sessions are refreshed in over HTTP. */
export const candidates: Candidate[] = [
  memory, ...sqlite('NORMAL'), ...sqlite('FULL'), redis(), postgres()
]
