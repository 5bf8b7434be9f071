/* The memory of the OAuth lesson: in variables of this module, which end with the page. */

export const CLIENT_ID = 'photo-printer'
export const redirectUri = `${location.origin}/oauth.html`

/**
 * The app. A request is `verifier`, `challenge` and `state`, and `authorization` once the server
 * accepts it. An answer is `isAnswered` and `code`. An exchange adds `access` and `refresh`.
 */
export const app = {}

/** The access token of the user, for the list of sessions. The app never has it. */
export const user = { access: undefined }

/** The token of the robot. */
export const robot = { access: undefined }

/** Drops a request, its answer and its tokens. */
export function forget () {
  for (const name of Object.keys(app)) delete app[name]
}
