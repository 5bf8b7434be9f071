/* Steps 4 to 6 of the OAuth lesson, and the robot: tokens exchanged, used and revoked. */

import { finding, show, tell, wireOf } from './exchange.js'
import { CLIENT_ID, app, redirectUri, robot, user } from './oauth-app.js'
import { byId, el, say } from './page.js'
import { get, post, postForm, remove, send } from './requests.js'
import { sessionOf } from './sessions.js'
import { MEANINGS, claimList, claimsOf, tokenOf } from './tokens.js'

const APP_MEANINGS = {
  ...MEANINGS,
  token_type: 'An access token: a refresh token opens no route.',
  aud: 'Audience: the services that may take it.',
  sub: 'Subject: the user, by the name that the standard has for it.',
  client_id: 'The app that has this token. Your own tokens have no such claim.',
  scope: 'What the app may do.',
  auth_time: 'When you logged in.',
  sid: 'Session id: the connection of the app. Ending it ends all its tokens.'
}

// --- 4. Exchange the code ------------------------------------------------------------------------

const exchangeRequest = (verifier = app.verifier) => postForm('/oauth/token', {
  grant_type: 'authorization_code',
  code: app.code,
  redirect_uri: redirectUri,
  client_id: CLIENT_ID,
  code_verifier: verifier
})

export async function exchange () {
  const got = await show('exchange', exchangeRequest())
  if (!tell('exchange', got, 'the app has tokens, and has never seen your password.')) return
  byId('code-expires').replaceChildren()
  hold(got.answer)
  for (const step of ['use', 'theft']) say(`${step}-status`, '')
}

/** The verifier of the thief has the right form, which is all that a thief knows. */
export async function guess () {
  const got = await show('exchange', exchangeRequest('x'.repeat(app.verifier.length)))
  tell('exchange', got, 'a thief has tokens. This must never happen.')
}

function hold ({ access_token: access, refresh_token: refresh }) {
  Object.assign(app, { access, refresh })
  byId('app-tokens').replaceChildren(
    el('h3', {}, 'The access token of the app'),
    tokenOf(access),
    el('div', { className: 'part payload' },
      el('h3', {}, 'Payload'), claimList(claimsOf(access), APP_MEANINGS))
  )
}

// --- 5. Use the token ----------------------------------------------------------------------------

export async function readPhotos () {
  const got = await show('use', get('/photos/', app.access))
  const photos = got.reply.ok ? got.answer : []
  byId('photos').replaceChildren(...photos.map(({ title, image }) =>
    el('li', {}, el('img', { src: image, alt: title }))))
  tell('use', got, `${photos.length} photos.`)
}

export async function readMe () {
  tell('use', await show('use', get('/me/', app.access)), 'the app knows who you are.')
}

const refreshRequest = () => postForm('/oauth/token', {
  grant_type: 'refresh_token', refresh_token: app.refresh, client_id: CLIENT_ID
})

export async function refresh () {
  const got = await show('use', refreshRequest())
  if (tell('use', got, 'new tokens. The refresh token before is spent.')) hold(got.answer)
}

// --- 6. Steal the code, end the app --------------------------------------------------------------

/** Each worker of the server learns of a revocation within a second. */
const ATTEMPTS = 4
const PAUSE_MS = 500

async function sendUntilRefused (request) {
  for (let attempt = 1; ; attempt++) {
    const got = await send(request)
    if (!got.reply.ok || attempt === ATTEMPTS) return got
    await new Promise(resolve => setTimeout(resolve, PAUSE_MS))
  }
}

/** Exchanges the code again, and then shows that no token of the app is good any more. */
export async function steal () {
  const theft = await show('theft', exchangeRequest())
  const access = await sendUntilRefused(get('/photos/', app.access))
  const refreshed = await send(refreshRequest())
  byId('theft-wire').append(wireOf(access, false), wireOf(refreshed, false))
  byId('theft-findings').replaceChildren(
    finding('The code again', theft),
    finding('The access token of the app', access),
    finding('The refresh token of the app', refreshed)
  )
  if (refreshed.reply.ok) hold(refreshed.answer)
  const isOver = [theft, access, refreshed].every(({ reply }) => !reply.ok)
  say('theft-status',
    isOver
      ? 'The theft is found out, and all tokens of the app are revoked.'
      : 'Something is still accepted. If the code has expired, connect again and be quicker.',
    isOver)
}

export async function logIn () {
  const got = await show('sessions', post('/api/token/', {
    username: byId('username').value, password: byId('password').value
  }))
  if (tell('sessions', got, 'you are logged in. Now look which apps are connected.')) {
    user.access = got.answer.access
  }
}

export async function listSessions () {
  const got = await show('sessions', get('/api/token/sessions/', user.access))
  const apps = got.reply.ok ? got.answer.filter(session => session.client_id !== null) : []
  if (!tell('sessions', got, `connected apps: ${apps.length}.`)) return
  byId('end-findings').replaceChildren()
  byId('session-list').replaceChildren(...got.answer.map(session => sessionOf(session, {
    mark: markOf(session),
    button: session.client_id === null ? 'Log out this one' : 'End this app',
    end: endSession
  })))
}

function markOf ({ sid, client_id: id, current }) {
  if (current) return 'you, on this page'
  if (app.access !== undefined && claimsOf(app.access).sid === sid) return 'the app of this page'
  return id === null ? '' : 'an app'
}

/** Ends a session. If it was the one of the app, shows that its token has ended too. */
async function endSession (sid, item) {
  const got = await show('sessions', remove(`/api/token/sessions/${sid}/`, user.access))
  if (!tell('sessions', got, 'ended.')) return
  item.remove()
  byId('list-sessions').focus()
  if (app.access === undefined || claimsOf(app.access).sid !== sid) return
  const photos = await sendUntilRefused(get('/photos/', app.access))
  byId('sessions-wire').append(wireOf(photos, false))
  byId('end-findings').replaceChildren(finding('The access token of the app', photos))
}

// --- The robot -----------------------------------------------------------------------------------

/** Public, for teaching only. */
const ROBOT = 'nightly-report:this-secret-is-public-and-for-teaching-only'

export async function robotToken () {
  const got = await show('robot', postForm(
    '/oauth/token', { grant_type: 'client_credentials', scope: 'reports:write' }, ROBOT
  ))
  if (tell('robot', got, 'a token without a user.')) robot.access = got.answer.access_token
}

export async function sendReport () {
  const got = await show('robot', { method: 'POST', path: '/reports/', token: robot.access })
  tell('robot', got, `accepted from ${got.answer?.accepted_from}.`)
}

export async function robotReadsMe () {
  tell('robot', await show('robot', get('/me/', robot.access)), 'the robot is a user.')
}
