/** Routes with a guard, the login, and the refresh. */
export type Route = '/hello/' | '/me/' | '/api/token/' | '/api/token/refresh/'

/** Returns the next request of a connection, as bytes in Latin-1. Takes the answer before it. */
export type NextRequest = (answer: string) => string

const LOGIN = JSON.stringify({ username: 'vitor', password: '123' })

/**
 * Returns the requests of one connection: the same login each time, the refreshes of one session,
 * or a guarded route with one token after the other.
 */
export function requestsOf (route: Route, tokens: string[]): NextRequest {
  if (route === '/api/token/') {
    const login = post(route, LOGIN)
    return () => login
  }
  if (route === '/api/token/refresh/') return refreshes(route, tokens[0] as string)
  let next = 0
  return () => get(route, tokens[next++ % tokens.length] as string)
}

/** Each request brings the token of the answer before it. */
function refreshes (route: Route, first: string): NextRequest {
  let isFirst = true
  return answer => {
    const refresh = isFirst ? first : /"refresh":"([^"]+)"/.exec(answer)?.[1]
    isFirst = false
    if (refresh === undefined) throw new Error(`A refresh gave no new token: ${answer}`)
    return post(route, `{"refresh":"${refresh}"}`)
  }
}

const HEADERS = 'host: 127.0.0.1\r\nuser-agent: benchmark\r\n'

const get = (route: Route, token: string): string =>
  `GET ${route} HTTP/1.1\r\n${HEADERS}authorization: Bearer ${token}\r\n\r\n`

const post = (route: Route, body: string): string =>
  `POST ${route} HTTP/1.1\r\n${HEADERS}content-type: application/json\r\n` +
  `content-length: ${body.length}\r\n\r\n${body}`
