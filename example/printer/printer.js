/*
 * An app that gets photos from the demo: the code flow with PKCE (RFC 7636), by hand. A library
 * such as oauth4webapi does the same. The tokens are in variables of this module only.
 */

const byId = id => document.getElementById(id)
const redirectUri = `${location.origin}/callback`
/** The verifier and the state, for the callback. The browser drops them with the tab. */
const REQUEST = 'request'

// --- The request ---------------------------------------------------------------------------------

const base64url = bytes =>
  btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)))
const sha256 = async text =>
  base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))))

/** Sends the browser to the server. Only this tab knows the verifier, whose hash goes along. */
async function askForPhotos () {
  const { clientId, metadata } = await discover()
  const [state, verifier] = [random(), random()]
  sessionStorage.setItem(REQUEST, JSON.stringify({ state, verifier }))
  const parameters = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: 'photos:read',
    state,
    code_challenge: await sha256(verifier),
    code_challenge_method: 'S256'
  })
  location.assign(`${metadata.authorization_endpoint}?${parameters}`)
}

/** Finds the endpoints of the server by its metadata (RFC 8414). */
async function discover () {
  const { issuer, client_id: clientId } = await json('/settings.json')
  const metadata = await json(`${issuer}/.well-known/oauth-authorization-server`)
  if (metadata.issuer !== issuer) throw new Error('The metadata is of another server.')
  return { issuer, clientId, metadata }
}

async function json (url, init) {
  const reply = await fetch(url, init).catch(() => {
    throw new Error(`${new URL(url, location.href).origin} cannot be reached.`)
  })
  const answer = await reply.json()
  if (!reply.ok) {
    throw new Error(`${reply.status}: ${answer.error_description ?? answer.detail}`)
  }
  return answer
}

// --- The answer ----------------------------------------------------------------------------------

/** Exchanges the code of the answer for a token, and gets the photos with it. */
async function receive (answer) {
  const { state, verifier } = JSON.parse(sessionStorage.getItem(REQUEST) ?? '{}')
  sessionStorage.removeItem(REQUEST)
  const { issuer, clientId, metadata } = await discover()
  // An answer to another request, or of another server, must not be exchanged (RFC 9207).
  if (state === undefined || answer.get('state') !== state || answer.get('iss') !== issuer) {
    throw new Error('This answer does not belong to a request of this tab. Start again.')
  }
  if (answer.has('error')) {
    throw new Error(`You get no photos: ${answer.get('error')}. ${answer.get('error_description')}`)
  }
  const body = new URLSearchParams({
    grant_type: 'authorization_code',
    code: answer.get('code'),
    redirect_uri: redirectUri,
    client_id: clientId,
    code_verifier: verifier
  })
  const tokens = await json(metadata.token_endpoint, { method: 'POST', body })
  showWire(`curl -i ${metadata.token_endpoint} -d '${body}'`, tokens)
  const authorization = `Bearer ${tokens.access_token}`
  showPhotos(await json(`${issuer}/photos/`, { headers: { authorization } }))
}

// --- The page ------------------------------------------------------------------------------------

/** Text from elsewhere goes into the page as text, and images as images, where no script runs. */
function showPhotos (photos) {
  byId('photos').replaceChildren(...photos.map(({ title, image }) => {
    const item = document.createElement('li')
    item.append(Object.assign(document.createElement('img'), { src: image, alt: title }))
    return item
  }))
  say(`${photos.length} photos are here.`, 'good')
}

function showWire (command, tokens) {
  byId('command').textContent = command
  byId('tokens').textContent = JSON.stringify(tokens, null, 2)
  byId('wire').hidden = false
}

function say (message, mark = '') {
  byId('message').textContent = message
  byId('message').dataset.mark = mark
}

async function run (step) {
  say('…')
  await step().catch(error => say(error.message, 'bad'))
}

byId('get').addEventListener('click', () => run(askForPhotos))
if (location.pathname === '/callback') {
  const answer = new URLSearchParams(location.search)
  // The code must not stay in the address bar and in the history.
  history.replaceState(null, '', '/')
  run(() => receive(answer))
}
