import type { Client, Request } from 'autocannon'

/** Routes with a guard, the login, and the refresh. */
export type Route = '/hello/' | '/me/' | '/api/token/' | '/api/token/refresh/'

const JSON_TYPE = { 'content-type': 'application/json' }

/**
 * Gives one connection its requests: the same login each time, the refreshes of one session, or a
 * guarded route with one token after the other.
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

/** Each request brings the token of the answer before it. */
function refreshAfterRefresh (client: Client, route: Route, first: string): void {
  let answer = `"refresh":"${first}"`
  // autocannon does not call `onResponse` for a server that ends its connections.
  client.on('headers', () => { answer = '' })
  client.on('body', piece => { answer += piece.toString('latin1') })
  client.setRequests([{
    method: 'POST',
    path: route,
    headers: JSON_TYPE,
    setupRequest (request) {
      const refresh = /"refresh":"([^"]+)"/.exec(answer)?.[1]
      if (refresh === undefined) throw new Error(`A refresh gave no new token: ${answer}`)
      return { ...request, body: JSON.stringify({ refresh }) }
    }
  }])
}
