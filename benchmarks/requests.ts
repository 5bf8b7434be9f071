import type { Client, Request } from 'autocannon'

/** What can be asked: routes that want an access token, the login, and the refresh. */
export type Route = '/hello/' | '/me/' | '/api/token/' | '/api/token/refresh/'

const JSON_TYPE = { 'content-type': 'application/json' }

/**
 * Tells one connection what to send: a login again and again, a session's refresh after refresh, or
 * its tokens in turn.
 */
export function prepare (client: Client, route: Route, tokens: string[]): void {
  if (route === '/api/token/') {
    return client.setRequests([
      {
        method: 'POST',
        path: route,
        headers: JSON_TYPE,
        body: '{"username":"vitor","password":"123"}'
      }
    ])
  }
  if (route === '/api/token/refresh/') {
    return refreshAfterRefresh(client, route, tokens[0] as string)
  }
  client.setRequests(guarded(route, tokens))
}

/** A request of a guarded route with each of the tokens. */
export const guarded = (route: Route, tokens: string[]): Request[] =>
  tokens.map(token => ({
    method: 'GET',
    path: route,
    headers: { authorization: `Bearer ${token}` }
  }))

/** Each request brings the token that the answer before it has given. */
function refreshAfterRefresh (client: Client, route: Route, first: string): void {
  let answer = `"refresh":"${first}"`
  // By these events, since `onResponse` is not called where a server hangs up. A piece of a body
  // may have the headers before it.
  client.on('headers', () => { answer = '' })
  client.on('body', piece => { answer += piece.toString('latin1') })
  client.setRequests([{
    method: 'POST',
    path: route,
    headers: JSON_TYPE,
    setupRequest (request) {
      const refresh = /"refresh":"([^"]+)"/.exec(answer)?.[1]
      if (refresh === undefined) throw new Error(`A refresh gave no other token: ${answer}`)
      return { ...request, body: JSON.stringify({ refresh }) }
    }
  }])
}
