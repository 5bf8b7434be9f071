/*
 * The page that logs a user in, and asks whether an app may have access. Copy it with connect.html.
 * Tokens are in variables of this module only. Text from elsewhere goes into the page as text.
 */

const byId = id => document.getElementById(id)
const authorization = new URLSearchParams(location.search).get('authorization') ?? ''
const detailsUrl = `/oauth/authorization/?${new URLSearchParams({ authorization })}`

/** The app, what it asks for, and where the answer goes. */
let details
/** In cookie mode without `refresh`: the browser has it in a cookie, which no script can read. */
let tokens = {}
let isBusy = false

// --- Requests ------------------------------------------------------------------------------------

/** Sends JSON, or GETs without a body. A server that cannot answer is an error for the user. */
async function send (url, { body, access } = {}) {
  const reply = await fetch(url, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(access !== undefined && { authorization: `Bearer ${access}` })
    },
    ...(body !== undefined && { body: JSON.stringify(body) })
  }).catch(() => { throw new Error('The server cannot be reached. Try again.') })
  const { ok, status, headers } = reply
  if (status === 429) {
    throw new Error(`Too many requests. Try again in ${headers.get('retry-after')} seconds.`)
  }
  if (status >= 500) throw new Error('The server cannot answer now. Try again.')
  return { ok, status, answer: await reply.json().catch(() => ({})) }
}

/** Gets an access token without a password, if the user is logged in. */
async function refresh () {
  const { refresh } = tokens
  const { ok, answer } = await send('/api/token/refresh/', { body: { refresh } })
  if (ok) tokens = answer
  return ok
}

/** Calls with the access token. It expires after minutes, and a user may take longer to decide. */
async function call (url, body) {
  const reply = await send(url, { body, access: tokens.access })
  if (reply.status !== 401 || !await refresh()) return reply
  return send(url, { body, access: tokens.access })
}

// --- What the page shows -------------------------------------------------------------------------

/** The host of an app that describes itself, or undefined. The id of such an app is a URL. */
const hostOf = ({ id }) => id.startsWith('https://') ? new URL(id).host : undefined

/** An app that describes itself can take the name of another one, so its host is beside it. */
function nameOf (client) {
  const host = hostOf(client)
  return host === undefined ? client.name : `${client.name} (${host})`
}

/** Shows one part of the page, or none. Screen readers read its title, which gets the focus. */
function show (part, title, message = '') {
  for (const id of ['login', 'consent']) byId(id).hidden = id !== part
  byId('title').textContent = document.title = title
  say(message)
  byId('title').focus()
}

function say (message, mark = '') {
  byId('message').textContent = message
  byId('message').dataset.mark = mark
}

function showLogin (message) {
  const { username, password } = byId('login').elements
  username.value ||= details.login_hint ?? ''
  password.value = ''
  show('login', `Log in to connect ${nameOf(details.client)}`, message)
}

/** An app that describes itself gets no answer to a wrong request: the user does. */
function showBadRequest ({ code = 'authorization_not_valid', detail }) {
  if (code !== 'authorization_not_valid') return show(undefined, 'The app made a mistake', detail)
  show(undefined, 'This request cannot be answered',
    'It has expired, or its address is not complete. Go back to the app, and start there again.')
}

function showConsent (username) {
  const { client, scopes, redirect_host: host, loopback } = details
  byId('user').textContent = username
  byId('scopes').replaceChildren(...scopes.map(({ description }) =>
    Object.assign(document.createElement('li'), { textContent: description })))
  byId('host').textContent = host
  byId('loopback').hidden = !loopback
  const appHost = hostOf(client)
  byId('stranger').hidden = appHost === undefined
  byId('app-host').textContent = appHost
  // Not a link: the app has chosen it.
  byId('home-page').hidden = client.uri === undefined
  byId('uri').textContent = client.uri
  show('consent', `Connect ${nameOf(client)} to your account?`)
}

// --- The steps -----------------------------------------------------------------------------------

/** Looks at the request before anybody types a password, and asks for one only if it must. */
async function start () {
  const { ok, answer } = await send(detailsUrl)
  if (!ok) return showBadRequest(answer)
  details = answer
  const mustLogIn = details.prompt?.split(' ').includes('login')
  if (mustLogIn || !await refresh()) return showLogin()
  return ask()
}

async function logIn () {
  const body = Object.fromEntries(new FormData(byId('login')))
  const { ok, answer } = await send('/api/token/', { body })
  if (!ok) return say(answer.detail ?? 'Type a user name and a password.', 'bad')
  await endLogin()
  tokens = answer
  return ask()
}

/**
 * Asks the user, except where the server says that it is not needed. Without a token the details
 * have no `asks`.
 */
async function ask () {
  const reply = await call(detailsUrl)
  if (!reply.ok) return refused(reply)
  details = reply.answer
  if (details.asks === false) return decide(true)
  // A route of the demo. Your page may have another way to name the user.
  const { answer: user } = await call('/me/')
  showConsent(user.username)
}

/** Sends the decision, and then the browser to the app. */
async function decide (allow) {
  const reply = await call('/oauth/authorization/', { authorization, allow })
  if (!reply.ok) return refused(reply)
  await endLogin()
  show(undefined, `Going back to ${nameOf(details.client)}`, 'You can close this page.')
  location.assign(reply.answer.redirect_to)
  return true
}

/** Asks for a login if the old one has ended, or is not the one that the app asks for. */
function refused ({ status, answer }) {
  if (status === 401) return showLogin('Log in again to go on.')
  return status === 403 ? showLogin(answer.detail) : showBadRequest(answer)
}

/** Without cookie mode the login was for this decision only. If this fails, it expires. */
async function endLogin () {
  const { refresh } = tokens
  tokens = {}
  if (refresh === undefined) return
  await send('/api/token/blacklist/', { body: { refresh } }).catch(() => {})
}

/** Runs one step at a time: a double click decides once. The last one leaves the page. */
async function run (step) {
  if (isBusy) return
  isBusy = true
  say('…')
  const leaves = await step().catch(error => say(error.message, 'bad'))
  isBusy = leaves === true
}

byId('login').addEventListener('submit', event => { event.preventDefault(); run(logIn) })
byId('allow').addEventListener('click', () => run(() => decide(true)))
byId('deny').addEventListener('click', () => run(() => decide(false)))
byId('other').addEventListener('click', () => run(async () => showLogin()))
// The Back button brings the page as it was left.
window.addEventListener('pageshow', ({ persisted }) => { if (persisted) location.reload() })
run(start)
