export { AuthError } from './auth-error.ts'
export type {
  Client, ClientOptions, ClientPaths, Session, TokenStorage, User
} from './client.ts'
export { createClient } from './create-client.ts'
