/* The check that comes before an app looks at an answer. */

/**
 * Returns why an app must drop an answer, or undefined. `request` is what the tab has kept, and
 * `issuer` is the server that it asked (RFC 9207 section 2.4).
 */
export function answerProblem ({ state, iss }, request, issuer) {
  if (request.state === undefined || state !== request.state) {
    return 'This answer belongs to no request of this tab.'
  }
  return iss !== undefined && iss === issuer ? undefined : 'This answer comes from another server.'
}
