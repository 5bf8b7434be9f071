/*
 * The lesson of index.html, for reading from top to bottom. Both lessons share the modules that
 * send requests and show them.
 */

import { createClient } from './client.js'
import { finding, reasonOf, show, tell, wireOf } from './exchange.js'
import { byId, conditions, el, enable, onPress, say } from './page.js'
import { get, parse, post, remove, send } from './requests.js'
import { sessionOf } from './sessions.js'
import { showTimes } from './times.js'
import {
  base64url, bytesOf, bytesOfBase64, bytesOfText, claimList, claimsOf, decode, encode, tokenOf
} from './tokens.js'

// --- What the page knows -------------------------------------------------------------------------

/**
 * In the memory of this module and nowhere else: a variable that no other script can read, and that
 * ends with the page.
 */
const held = { access: undefined, refresh: undefined, spent: undefined, sentAt: 0, spentAt: 0 }
const settings = { reuse_interval: 10, rotates: true, cookie: false, docs: false }

/** Which of the conditions that a button `data-needs` hold now. */
Object.assign(conditions, {
  access: () => held.access !== undefined,
  refresh: () => held.refresh !== undefined,
  session: () => held.access !== undefined && (held.refresh !== undefined || settings.cookie),
  stored: () => held.refresh !== undefined || settings.cookie,
  body: () => !settings.cookie,
  spent: () => held.spent !== undefined,
  within: () => secondsLeft(held.sentAt) > 0,
  later: () => secondsLeft(held.spentAt) < 0
})

/** In cookie mode the browser adds the refresh token by itself. */
const postRefresh = (path, refresh) =>
  settings.cookie ? { ...post(path, {}), cookie: true } : post(path, { refresh })

// --- Tokens: taken apart, put together, signed and verified --------------------------------------

const NAMES = { HS: 'HMAC', RS: 'RSASSA-PKCS1-v1_5', PS: 'RSA-PSS', ES: 'ECDSA' }
const CURVES = { 256: 'P-256', 384: 'P-384', 512: 'P-521' }

/**
 * An algorithm by the name that JWT has for it, as WebCrypto wants to be told. "none" is not among
 * them.
 */
function algorithmOf (alg) {
  if (alg === 'EdDSA') return { name: 'Ed25519' }
  const [, family, bits] = /^(HS|RS|PS|ES)(256|384|512)$/.exec(alg) ?? []
  if (family === undefined) {
    throw new Error(`Refused: "${alg}" is not an algorithm that proves anything.`)
  }
  return {
    name: NAMES[family],
    hash: `SHA-${bits}`,
    saltLength: bits / 8,
    namedCurve: CURVES[bits]
  }
}

/** A secret as it is typed, or a public key as JWK, set of JWKs or PEM. */
async function importKey (text, { alg, kid }, use) {
  const algorithm = algorithmOf(alg)
  const isSecret = alg.startsWith('HS')
  const { keys, ...one } = parse(text) ?? {}
  const jwk =
    keys?.find(key => key.kid === kid) ?? keys?.find(key => key.alg === alg) ?? (one.kty && one)
  if (text === '') throw new Error('Type a secret or a public key first.')
  if (jwk) return crypto.subtle.importKey('jwk', jwk, algorithm, false, [use])
  const pem = /^-----BEGIN PUBLIC KEY-----([^-]+)-----END PUBLIC KEY-----$/.exec(text)
  if (pem && isSecret) {
    throw new Error(
      `Refused: this is a public key, and ${alg} wants a secret. A server that takes one for ` +
        'the other lets everybody sign.'
    )
  }
  if (pem) return crypto.subtle.importKey('spki', bytesOfBase64(pem[1]), algorithm, false, [use])
  if (!isSecret) {
    throw new Error(
      `${alg} is verified with a public key: a JWK, or a PEM that begins with -----BEGIN ` +
        'PUBLIC KEY-----.'
    )
  }
  return crypto.subtle.importKey('raw', bytesOfText(text), algorithm, false, [use])
}

/** Verifying: whether the signature is that of the first two parts, by this key. */
async function isSigned (token, keyText) {
  const [header, payload, signature] = token.split('.')
  const { alg, kid } = decode(header)
  const key = await importKey(keyText, { alg, kid }, 'verify')
  return crypto.subtle.verify(
    algorithmOf(alg), key, bytesOf(signature), bytesOfText(`${header}.${payload}`)
  )
}

async function sign (claims, alg, secret) {
  const signed = `${encode({ alg, typ: 'JWT' })}.${encode(claims)}`
  const key = await importKey(secret, { alg }, 'sign')
  return `${signed}.${base64url(new Uint8Array(await crypto.subtle.sign(algorithmOf(alg), key, bytesOfText(signed))))}`
}

// --- Times ---------------------------------------------------------------------------------------

/**
 * Seconds in which the spent token is still answered with its successor. The server counts from a
 * moment between the request, from when the time is surely not over yet, and its reply, from when
 * it surely will be.
 */
const secondsLeft = since => settings.reuse_interval - (Date.now() - since) / 1000

/** Updates the countdown each second. It is in no live region either. */
function tick () {
  showTimes()
  if (held.spent === undefined) return
  const left = Math.ceil(secondsLeft(held.spentAt))
  byId('countdown').textContent =
    left > 0
      ? `The spent token is answered for ${left} s more. After that, presenting it ends the ` +
        'session.'
      : 'The time for lost replies is over: whoever presents the spent token now is taken for a ' +
        'thief.'
  enable()
}

// --- 1. Log in -----------------------------------------------------------------------------------

const loginRequest = () =>
  post('/api/token/', { username: byId('username').value, password: byId('password').value })

/** The commands for what is typed, before it is sent. */
const showLogin = () => byId('login-wire').replaceChildren(wireOf({ request: loginRequest() }))

async function login () {
  const exchange = await show('login', loginRequest())
  if (
    !tell(
      'login',
      exchange,
      settings.cookie
        ? 'you are logged in. The refresh token is in the cookie.'
        : 'you are logged in, and hold a pair of tokens.'
    )
  ) {
    return
  }
  Object.assign(held, { refresh: undefined, spent: undefined })
  for (const line of document.querySelectorAll('.outcome:not(#login-status)')) say(line.id, '')
  for (const id of ['changes', 'findings', 'session-list']) byId(id).replaceChildren()
  explainTheft()
  hold(exchange.answer)
}

/** Takes a pair, or in cookie mode an access token, for the steps that follow. */
function hold ({ access, refresh = held.refresh }) {
  Object.assign(held, { access, refresh })
  const kinds = ['access', 'refresh'].filter(kind => held[kind] !== undefined)
  byId('pair').replaceChildren(
    ...kinds.flatMap(kind => [el('h3', {}, `The ${kind} token`), tokenOf(held[kind])])
  )
  readToken()
}

// --- 2. Read the tokens --------------------------------------------------------------------------

const chosen = () => held[document.querySelector('[name=kind]:checked').value]

/** Shows the chosen token taken apart, and puts it into the field of step 3. */
function readToken () {
  const [header, payload, signature] = chosen().split('.')
  const part = (name, encoded, content) =>
    el(
      'div',
      { className: `part ${name}` },
      el('h3', {}, name),
      el('code', { className: 'token' }, encoded),
      content
    )
  byId('parts').replaceChildren(
    part('header', header, claimList(decode(header))),
    part('payload', payload, claimList(decode(payload))),
    part(
      'signature',
      signature,
      el(
        'p',
        {},
        `${bytesOf(signature).length} bytes, made of the parts above and the key: to be ` +
          'verified, in step 3.'
      )
    )
  )
  putToken(chosen())
}

// --- 3. Verify -----------------------------------------------------------------------------------

const field = () => byId('token').value.trim()
const keyText = () => byId('key').value.trim()

function putToken (token) {
  byId('token').value = token
  tokenHasChanged()
}

/** What was found out about another token is taken back. */
function tokenHasChanged () {
  say('verify-status', '')
  say('browser-status', '')
  byId('verify-wire').replaceChildren()
  try {
    byId('says').textContent = JSON.stringify(claimsOf(field()), null, 2)
  } catch {
    byId('says').textContent = 'Nothing: the payload is not JSON any more.'
  }
}

/**
 * One bit of the user id is turned over, which is one character of the payload, and the JSON is
 * JSON as before.
 */
function changePayload () {
  const [header, payload, signature] = field().split('.')
  const claims = decode(payload)
  const id = String(claims.user_id)
  const other = id.slice(0, -1) + String.fromCharCode(id.charCodeAt(id.length - 1) ^ 2)
  putToken([header, encode({ ...claims, user_id: other }), signature].join('.'))
}

function changeSignature () {
  const [header, payload, signature] = field().split('.')
  const middle = Math.floor(signature.length / 2)
  const other = signature[middle] === 'A' ? 'B' : 'A'
  putToken(
    [header, payload, signature.slice(0, middle) + other + signature.slice(middle + 1)].join('.')
  )
}

async function askServer () {
  tell(
    'verify',
    await show('verify', post('/api/token/verify/', { token: field() })),
    'the server stands by this token.'
  )
}

/** What WebCrypto says of a bad key or token helps nobody. */
const malformed = error => {
  throw error.constructor === Error
    ? error
    : new Error('This key and this token do not fit together, or one of them is malformed.')
}

async function verifyHere () {
  if (!(await isSigned(field(), keyText()).catch(malformed))) {
    return say(
      'browser-status',
      'Refused: this key did not sign this token. Nothing that it says counts.',
      false
    )
  }
  const isOver = claimsOf(field()).exp <= Date.now() / 1000
  say(
    'browser-status',
    isOver
      ? 'The signature is good, but the token has expired.'
      : 'The signature is good: whoever has the key signed these very claims.',
    !isOver
  )
}

async function signHere () {
  const { alg } = decode(field().split('.')[0])
  if (/^(-----BEGIN|\{)/.test(keyText())) {
    throw new Error('Type a secret, any text. With a public key nobody can sign.')
  }
  putToken(
    await sign(claimsOf(field()), alg.startsWith('HS') ? alg : 'HS256', keyText()).catch(malformed)
  )
  say('browser-status', 'Signed with your secret. Verify it here, and then ask the server.', true)
}

async function fetchKeys () {
  const { status, answer } = await send(get('/.well-known/jwks.json'))
  if (status !== 200) {
    return say(
      'browser-status',
      `${status}: there are none. This server signs with a secret, and tells it nobody.`,
      false
    )
  }
  byId('key').value = JSON.stringify(answer, null, 2)
  say('browser-status', 'Here they are. They verify, and cannot sign.', true)
}

// --- 4. Call a route -----------------------------------------------------------------------------

async function call (token) {
  const exchange = await show('call', get('/hello/', token))
  tell('call', exchange, exchange.answer?.message)
}

// --- 5. Refresh ----------------------------------------------------------------------------------

async function refresh () {
  const before = { ...held }
  const sentAt = Date.now()
  const exchange = await show('refresh', postRefresh('/api/token/refresh/', held.refresh))
  if (
    !tell(
      'refresh',
      exchange,
      exchange.answer?.refresh
        ? 'a new pair. The refresh token before is spent.'
        : 'a new access token.'
    )
  ) {
    return
  }
  if (exchange.answer.refresh) {
    Object.assign(held, { spent: before.refresh, sentAt, spentAt: Date.now() })
  }
  hold(exchange.answer)
  const kind = exchange.answer.refresh ? 'refresh' : 'access'
  byId('changes').replaceChildren(changesOf(kind, claimsOf(before[kind]), claimsOf(held[kind])))
  tick()
}

function changesOf (kind, before, after) {
  const value = claim => el('td', {}, el('code', {}, String(claim)))
  const rows = Object.keys(after).map(name => {
    const isSame = before[name] === after[name]
    return el(
      'tr',
      { className: isSame ? 'same' : 'changed' },
      el('th', { scope: 'row' }, name),
      el('td', {}, isSame ? 'the same' : 'changed'),
      value(before[name]),
      value(after[name])
    )
  })
  const titles = ['Claim', 'Is', 'Before', 'After'].map(title => el('th', { scope: 'col' }, title))
  return el(
    'table',
    {},
    el('caption', {}, `What has changed in the ${kind} token`),
    el('thead', {}, el('tr', {}, ...titles)),
    el('tbody', {}, ...rows)
  )
}

// --- 6. Theft ------------------------------------------------------------------------------------

function explainTheft () {
  byId('countdown').textContent = settings.cookie
    ? 'Not on this server: in cookie mode no script can copy a refresh token, and this page’s ' +
      'cannot either.'
    : settings.rotates
      ? 'A token has to be spent first: refresh in step 5.'
      : 'Not on this server: without rotation no refresh token is ever spent.'
}

/** Where a signature has chance in it, as ES256 has, the successor is the same by its jti alone. */
async function replay () {
  const exchange = await show('theft', postRefresh('/api/token/refresh/', held.spent))
  byId('findings').replaceChildren()
  if (
    !tell('theft', exchange, 'the same successor again, byte for byte. You are still logged in.')
  ) {
    return
  }
  const again = exchange.answer.refresh
  if (again === held.refresh) return
  const isSame = claimsOf(again).jti === claimsOf(held.refresh).jti
  say(
    'theft-status',
    isSame
      ? '200: the same successor again, with the same jti. Its signature is another, since this ' +
          'algorithm signs with a random number. You are still logged in.'
      : '200: a second successor. This must never happen.',
    isSame
  )
}

/** Presents what is spent, and then shows that nothing of the family is good any more. */
async function reuse () {
  const theft = await show('theft', postRefresh('/api/token/refresh/', held.spent))
  const good = await send(postRefresh('/api/token/refresh/', held.refresh))
  const access = await send(get('/hello/', held.access))
  byId('theft-wire').append(wireOf(good, false), wireOf(access, false))
  byId('findings').replaceChildren(
    finding('The spent refresh token', theft),
    finding('The good refresh token', good),
    finding('The access token', access)
  )
  const isOver = [theft, good, access].every(({ status }) => status === 401)
  say(
    'theft-status',
    isOver
      ? 'The theft is found out, and the session has ended. Log in again: step 1.'
      : 'Something is still accepted: the session has not ended.',
    isOver
  )
}

// --- 7. Sessions ---------------------------------------------------------------------------------

async function listSessions () {
  const exchange = await show('sessions', get('/api/token/sessions/', held.access))
  const { answer } = exchange
  if (
    tell(
      'sessions',
      exchange,
      `you are logged in ${answer.length === 1 ? 'once' : `${answer.length} times`}.`
    )
  ) {
    byId('session-list').replaceChildren(...answer.map(session => sessionOf(session, {
      mark: session.current ? 'this page' : '', button: 'Log out this one', end: endSession
    })))
  }
}

async function endSession (sid, item) {
  const exchange = await show('sessions', remove(`/api/token/sessions/${sid}/`, held.access))
  if (
    !tell(
      'sessions',
      exchange,
      sid === claimsOf(held.access).sid
        ? 'logged out here. Your tokens are refused from now on: try step 4.'
        : 'logged out there.'
    )
  ) {
    return
  }
  item.remove()
  byId('list-sessions').focus()
}

async function loginAgain () {
  tell(
    'sessions',
    await show('sessions', loginRequest()),
    'a second session, with a family of its own. This page lets go of its tokens. Ask again ' +
      'where you are logged in.'
  )
}

async function logout () {
  const exchange = await show('sessions', postRefresh('/api/token/blacklist/', held.refresh))
  if (
    tell(
      'sessions',
      exchange,
      'logged out. The access token is refused too, though it has not expired: try step 4.'
    )
  ) {
    byId('session-list').replaceChildren()
  }
}

async function logoutAll () {
  const exchange = await show('sessions', remove('/api/token/sessions/', held.access))
  if (
    tell(
      'sessions', exchange, 'logged out everywhere. No token of yours is good any more: try step 4.'
    )
  ) {
    byId('session-list').replaceChildren()
  }
}

// --- 8. What an app does -------------------------------------------------------------------------

const CALLS = 100
const REFRESH = '/api/token/refresh/'

/** Calls a route many times, with a client as after a reload: it has no access token. */
async function callAsApp () {
  const { access } = held
  const exchanges = []
  const client = createClient({
    storage: settings.cookie ? 'cookie' : heldToken(Date.now()),
    fetch: (url, init) => record(exchanges, url, init)
  })
  try {
    const outcomes = await Promise.all(Array.from({ length: CALLS }, () => outcomeOf(client)))
    // Steps 1 to 7 go on with the tokens of the client, unless there was a login meanwhile.
    const next = client.user && await client.token()
    if (next && held.access === access) hold({ access: next })
    tellOutcomes(outcomes, exchanges)
  } finally {
    client.close()
    const refreshes = exchanges.filter(({ path, reply }) => path === REFRESH && reply)
    byId('app-wire').replaceChildren(...refreshes.map((exchange, at) => wireOf(exchange, at === 0)))
    tick()
  }
}

/** The place of the refresh token. The client replaces it, and the page keeps the spent one. */
const heldToken = sentAt => ({
  getItem: () => held.refresh ?? null,
  setItem: (_key, refresh) => {
    Object.assign(held, { refresh, spent: held.refresh, sentAt, spentAt: Date.now() })
  },
  // A refused token stays, so that the other steps can present it.
  removeItem: () => {}
})

/** Fetches, and records what goes over the wire. */
async function record (exchanges, url, init) {
  const path = new URL(url).pathname
  const exchange = { path }
  exchanges.push(exchange)
  const reply = await fetch(url, init)
  if (path === REFRESH) {
    const text = await reply.clone().text()
    const request = init.body
      ? post(path, JSON.parse(init.body))
      : { ...post(path), cookie: true }
    Object.assign(exchange, { request, reply, status: reply.status, text, answer: parse(text) })
  }
  return reply
}

async function outcomeOf (client) {
  try {
    const reply = await client.fetch('/hello/')
    await reply.text()
    return { name: reply.status }
  } catch (error) {
    return { name: error.code ?? 'no answer', error }
  }
}

/** Says how the calls went, and counts the requests of the client. */
function tellOutcomes (outcomes, exchanges) {
  const refreshes = exchanges.filter(({ path }) => path === REFRESH)
  const counts =
    `${outcomes.length} calls, ${refreshes.length} ` +
    `${refreshes.length === 1 ? 'refresh' : 'refreshes'}, ${exchanges.length} requests.`
  const [{ name, error }] = outcomes
  if (outcomes.some(outcome => outcome.name !== name)) {
    say('app-status', `${tallyOf(outcomes)}. ${counts}`, false)
  } else if (name === 200) {
    const note = refreshes.length === 0 ? ' Another tab has refreshed for this one.' : ''
    say('app-status', `200: ${counts}${note}`, true)
  } else if (name === 401) {
    const reason = reasonOf(refreshes.at(-1)?.answer).replace(/\.$/, '')
    say('app-status', `401: ${reason}. You are not logged in: go to step 1. ${counts}`, false)
  } else {
    say('app-status', `${name}: ${failureOf(name, error, refreshes.length)}`, false)
  }
}

/** Such as "60 times 200, 40 times no answer". */
function tallyOf (outcomes) {
  const names = [...new Set(outcomes.map(({ name }) => name))]
  const times = wanted => outcomes.filter(({ name }) => name === wanted).length
  return names.map(name => `${times(name)} times ${name}`).join(', ')
}

function failureOf (name, error, attempts) {
  if (name !== 'unavailable') return error?.message ?? 'the calls failed.'
  const time = error.retryAfter ? ` in ${error.retryAfter} seconds` : ''
  return `${error.message} Attempts: ${attempts}. Nothing is lost: try again${time}.`
}

// --- The lesson begins ---------------------------------------------------------------------------

const actions = {
  'login-form': login,
  'change-payload': changePayload,
  'change-signature': changeSignature,
  restore: readToken,
  'ask-server': askServer,
  'verify-here': verifyHere,
  'sign-here': signHere,
  'fetch-keys': fetchKeys,
  'call-access': () => call(held.access),
  'call-nothing': () => call(),
  'call-refresh': () => call(held.refresh),
  'refresh-now': refresh,
  replay,
  reuse,
  'list-sessions': listSessions,
  'login-again': loginAgain,
  logout,
  'logout-all': logoutAll,
  'call-as-app': callAsApp
}

for (const [id, act] of Object.entries(actions)) onPress(byId(id), act)
byId('login-form').addEventListener('input', showLogin)
byId('token').addEventListener('input', tokenHasChanged)
for (const choice of document.querySelectorAll('[name=kind]')) {
  choice.addEventListener('change', readToken)
}

showLogin()
await send(get('/lesson.json')).then(
  ({ answer }) => Object.assign(settings, answer), error => say('notice', error.message, false)
)
document.body.classList.add(
  settings.cookie ? 'cookie' : 'bodies',
  settings.rotates ? 'rotating' : 'kept',
  conditions.crypto() ? 'secure' : 'insecure',
  settings.docs ? 'docs' : 'undocumented'
)
byId('interval').textContent = `${settings.reuse_interval} seconds`
explainTheft()
if (settings.cookie) say('app-status', '')
enable()
setInterval(tick, 1000)
