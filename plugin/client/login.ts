import { AuthError, unreachable } from './auth-error.ts'
import type { User } from './client.ts'
import { take, tokensOf } from './login-state.ts'
import type { Parts } from './parts.ts'
import { post, routeOf } from './token-routes.ts'

/** Time limit of a login. The server may queue the check of a password. */
const LOGIN_LIMIT_SECONDS = 30

/** Logs in. Waits for a refresh under way, so that the cookie of the login is the last one. */
export async function login (parts: Parts, credentials: object): Promise<User> {
  const route = routeOf(parts, 'obtain')
  return parts.lock(async () => {
    const requested = Date.now()
    const answer = await post(parts, route, JSON.stringify(credentials), LOGIN_LIMIT_SECONDS)
      .catch(cause => { throw unreachable(cause) })
    const tokens = tokensOf(answer)
    const { refresh } = tokens
    if (parts.inCookie !== !refresh) {
      throw new AuthError(
        `Cookie mode is ${refresh ? 'off' : 'on'} there: see the option "storage".`,
        { code: 'invalid' })
    }
    parts.epoch++
    await parts.changeToken(() => refresh)
    take(parts, tokens, requested)
    return parts.user as User
  })
}
