/* Steps 1 to 3 of the OAuth lesson: the request of the app, up to the answer of the user. */

import { curlOf } from './commands.js'
import {
  commandOf, commandsOf, detailsOf, figure, reasonOf, refuseBusy, requestText, titleOf, wireOf
} from './exchange.js'
import { answerProblem } from './oauth-answer.js'
import { CLIENT_ID, app, forget, redirectUri } from './oauth-app.js'
import { byId, el, say } from './page.js'
import { get, post, send } from './requests.js'
import { base64url, bytesOfText, claimList, claimsOf } from './tokens.js'
import { timeElement } from './times.js'

/** The key in the storage of this tab. Its value outlives the redirect. */
const REQUEST = 'request'

const PARTS = {
  code_verifier: 'The secret. It stays with the app until step 4.',
  code_challenge: 'Its SHA-256 hash, which goes along in step 2. It does not give the secret away.',
  state: 'Comes back with the answer.',
  response_type: 'The app wants a code, not a token: a token must not be in an address.',
  client_id: 'Which app asks. Its name and addresses are registered at the server.',
  redirect_uri: 'Where the answer goes: this page.',
  scope: 'What the app wants to do. The login page says it in words.',
  code_challenge_method: 'How the challenge was made. The server accepts no other way.',
  code: 'To be exchanged for tokens in step 4. It is no token: it opens no route.',
  iss: 'Which server answers.',
  error: 'Why the app gets nothing.',
  error_description: 'The same in words.'
}

/** A box with names, values and their meanings. */
const boxOf = (title, parts) =>
  el('div', { className: 'part payload' },
    el('h3', { className: 'plain' }, title), claimList(parts, PARTS))

// --- 1. Make a secret ----------------------------------------------------------------------------

const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)))

async function hash (text) {
  return base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', bytesOfText(text))))
}

export async function makeSecret () {
  forget()
  const verifier = random()
  Object.assign(app, { verifier, challenge: await hash(verifier), state: random() })
  for (const step of STEPS) say(`${step}-status`, '')
  for (const id of PLACES) byId(id).replaceChildren()
  showSecret()
  say('secret-status', 'Two random texts, and a hash. The server knows nothing yet.', true)
}

/** The places that a new request clears. */
const STEPS = ['secret', 'ask', 'allow', 'exchange', 'use', 'theft', 'sessions']
const PLACES = [
  'ask-parts', 'ask-wire', 'allow-parts', 'allow-wire', 'code-expires', 'app-tokens',
  'exchange-wire', 'photos', 'use-wire', 'theft-findings', 'theft-wire', 'end-findings'
]

function showSecret () {
  const { verifier, challenge, state } = app
  byId('secret-parts').replaceChildren(boxOf('What the app holds', {
    code_verifier: verifier, code_challenge: challenge, state
  }))
  const command = `printf %s ${verifier} |\n  openssl dgst -sha256 -binary |\n` +
    "  openssl base64 -A | tr '+/' '-_' | tr -d '='"
  byId('secret-wire').replaceChildren(detailsOf(
    'The hash, in a terminal', '', [commandOf('shell', command), figure('Output', challenge)]
  ))
}

// --- 2. Ask for access ---------------------------------------------------------------------------

const questionOf = (uri = redirectUri) => ({
  response_type: 'code',
  client_id: CLIENT_ID,
  redirect_uri: uri,
  scope: 'photos:read',
  state: app.state,
  code_challenge: app.challenge,
  code_challenge_method: 'S256'
})

/** With `-i` curl shows the headers of a redirect. */
const authorizeRequest = question =>
  ({ ...get(`/oauth/authorize?${new URLSearchParams(question)}`), flag: '-i' })

export async function ask () {
  const question = questionOf()
  const exchange = await send(authorizeRequest(question))
  const address = new URL(exchange.reply.url)
  const authorization = address.searchParams.get('authorization')
  if (authorization === null) return refuseQuestion(exchange)
  Object.assign(app, { authorization })
  showQuestion()
  say('ask-status', 'The server accepts this, and redirects to its login page: step 3.', true)
}

function showQuestion () {
  const question = questionOf()
  byId('ask-parts').replaceChildren(boxOf('What the address says', question))
  const request = authorizeRequest(question)
  const next = `/connect?${new URLSearchParams({ authorization: app.authorization })}`
  byId('ask-wire').replaceChildren(detailsOf(titleOf(request), 'redirected', [
    ...commandsOf(request),
    figure('Request', requestText(request)),
    figure('Response, of which the browser shows its scripts only this', `Location: ${next}`)
  ]))
}

/** Asks with an address that is not registered. */
export async function askEvil () {
  await refuseQuestion(await send(authorizeRequest(questionOf('https://evil.example/'))))
}

function refuseQuestion (exchange) {
  byId('ask-parts').replaceChildren()
  byId('ask-wire').replaceChildren(wireOf(exchange))
  refuseBusy(exchange)
  say('ask-status', `${exchange.status}: ${reasonOf(exchange.answer)}`, false)
}

// --- 3. Log in and allow -------------------------------------------------------------------------

/** Leaves the page. The tab keeps the request, which checks the answer. */
export function go () {
  const { verifier, challenge, state, authorization } = app
  sessionStorage.setItem(REQUEST, JSON.stringify({ verifier, challenge, state, authorization }))
  say('allow-status', 'The login page comes next. It sends its answer here.')
  location.assign(authorizeRequest(questionOf()).path)
}

/** Steps 1 to 3 at once, with a new secret. */
export async function startOver () {
  await makeSecret()
  await ask()
  if (app.authorization !== undefined) go()
}

/** Takes the answer out of the address bar, and its request out of the storage of the tab. */
export function takeAnswer () {
  const answer = new URLSearchParams(location.search)
  if (!answer.has('code') && !answer.has('error')) return undefined
  const address = location.href
  history.replaceState(null, '', location.pathname)
  const request = JSON.parse(sessionStorage.getItem(REQUEST) ?? '{}')
  sessionStorage.removeItem(REQUEST)
  return { address, request, answer: Object.fromEntries(answer) }
}

/** Goes on where the page was left. Screen readers read the title of the step. */
export function goOn (answered, issuer) {
  receive(answered, issuer)
  byId('allow').scrollIntoView()
  byId('allow-title').focus({ preventScroll: true })
}

/** Shows an answer with the request that it belongs to. */
function receive ({ address, request, answer }, issuer) {
  const problem = answerProblem(answer, request, issuer)
  if (problem !== undefined) {
    return say('allow-status', `${problem} The page drops it. Start in step 1.`, false)
  }
  Object.assign(app, request, { isAnswered: true, code: answer.code })
  for (const step of ['secret', 'ask']) say(`${step}-status`, 'Done, before the redirect.', true)
  showSecret()
  showQuestion()
  byId('allow-parts').replaceChildren(boxOf('What came back', answer))
  byId('allow-wire').replaceChildren(decisionOf(address, answer.code !== undefined))
  if (answer.code === undefined) return refuseAnswer(answer)
  byId('code-expires').replaceChildren('The code expires: ', timeElement(claimsOf(app.code).exp))
  say('allow-status', 'State and iss are right. The app has a code: exchange it in step 4.', true)
  say('exchange-status', '')
}

const refuseAnswer = ({ error, error_description: why }) =>
  say('allow-status', `${error}: ${why ?? ''} The app gets no code. Start again in step 1.`, false)

/** The commands that do what the login page did, and the answer that it got. */
function decisionOf (address, allow) {
  const login = curlOf({
    ...post('/api/token/', { username: 'vitor', password: '123' }), flag: '-s'
  })
  const { authorization } = app
  const decision =
    curlOf({ ...post('/oauth/authorization/', { authorization, allow }), token: '$access' })
      .replace(/'(Authorization: Bearer \$access)'/, '"$1"')
  const command =
    `access=$(${login} |\n  sed 's/.*"access":"\\([^"]*\\)".*/\\1/')\n${decision}`
  return detailsOf('POST /oauth/authorization/', 'by the login page', [
    commandOf('curl', command), figure('Response', JSON.stringify({ redirect_to: address }))
  ])
}
