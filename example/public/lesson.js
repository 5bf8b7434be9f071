/*
 * The lesson of index.html, for reading from top to bottom. A request is described once, as an
 * object; `send` sends it, and `wireOf` shows it as commands and as HTTP. Whatever comes from
 * outside is put into the page as text, never as HTML.
 */

import { createClient } from './client.js'

// --- What the page knows -------------------------------------------------------------------------

/**
 * In the memory of this module and nowhere else: a variable that no other script can read, and that
 * ends with the page.
 */
const held = { access: undefined, refresh: undefined, spent: undefined, sentAt: 0, spentAt: 0 }
const settings = { reuse_interval: 10, rotates: true, cookie: false, docs: false }

const MEANINGS = {
  alg: 'The algorithm of the signature.',
  typ: 'The kind of text: a JSON Web Token.',
  kid: 'Key id: which of the server’s keys has signed this.',
  token_type: 'Which of the two tokens this is. Neither does the work of the other.',
  exp: 'Expires: from this second on it is refused.',
  iat: 'Issued at: when it was signed.',
  jti: 'JWT id: the number of this one token. By it the server knows a spent one.',
  user_id: 'Who has logged in. Not by name, which may change.',
  sid: 'Session id: the login it comes from. The family shares it; logging out ends it.',
  iss: 'Issuer: which server has signed this.',
  aud: 'Audience: which services it is meant for. Others refuse it.'
}

// --- The page ------------------------------------------------------------------------------------

const byId = id => document.getElementById(id)

/** An element with properties and children. Children that are strings become text. */
function el (name, { data = {}, ...properties } = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties)
  Object.assign(element.dataset, data)
  element.append(...children)
  return element
}

/** Says how something went: in words, to screen readers too, and with a mark. */
function say (id, text, isGood) {
  const line = byId(id)
  line.textContent = text
  line.dataset.mark = isGood === undefined ? '' : isGood ? 'good' : 'bad'
}

/** Which of the conditions that a button `data-needs` hold now. */
const conditions = {
  access: () => held.access !== undefined,
  refresh: () => held.refresh !== undefined,
  session: () => held.access !== undefined && (held.refresh !== undefined || settings.cookie),
  stored: () => held.refresh !== undefined || settings.cookie,
  body: () => !settings.cookie,
  crypto: () => globalThis.crypto?.subtle !== undefined,
  spent: () => held.spent !== undefined,
  within: () => secondsLeft(held.sentAt) > 0,
  later: () => secondsLeft(held.spentAt) < 0
}

function enable () {
  for (const control of document.querySelectorAll('[data-needs]')) {
    control.disabled = !control.dataset.needs.split(' ').every(need => conditions[need]())
  }
}

/**
 * Runs `act` whenever a button is pressed or a form is sent, one at a time. What goes wrong is said
 * beside it.
 */
function onPress (control, act) {
  let runs = false
  control.addEventListener(control.tagName === 'FORM' ? 'submit' : 'click', async event => {
    event.preventDefault()
    if (runs) return
    runs = true
    const { status } = control.closest('[data-status]').dataset
    say(status, '…')
    try {
      await act()
    } catch (error) {
      say(status, error.message, false)
    }
    runs = false
    enable()
  })
}

// --- Requests: sent, and shown as commands and as HTTP -------------------------------------------

const get = (path, token) => ({ method: 'GET', path, token })
const remove = (path, token) => ({ method: 'DELETE', path, token })
const post = (path, body) => ({ method: 'POST', path, body })
/** In cookie mode the browser adds the refresh token by itself. */
const postRefresh = (path, refresh) =>
  settings.cookie ? { ...post(path, {}), cookie: true } : post(path, { refresh })

const headersOf = ({ token, body }) => ({
  ...(token && { Authorization: `Bearer ${token}` }),
  ...(body && { 'Content-Type': 'application/json' })
})

async function send (request) {
  const { method, path, body } = request
  const reply = await fetch(path, {
    method,
    headers: headersOf(request),
    body: body && JSON.stringify(body)
  }).catch(() => {
    throw new Error('The server cannot be reached. Does it still run?')
  })
  const text = await reply.text()
  return { request, reply, status: reply.status, text, answer: parse(text) }
}

function parse (text) {
  try { return JSON.parse(text) } catch { return undefined }
}

/**
 * Sends a request, shows it in the step, and throws if the server was too busy to give a real
 * answer.
 */
async function show (step, request) {
  const exchange = await send(request)
  byId(`${step}-wire`).replaceChildren(wireOf(exchange))
  const { status, reply } = exchange
  if (status === 429) {
    throw new Error(
      `429: that was too often. Try again in ${reply.headers.get('retry-after')} seconds: ` +
        'limits like this one make guessing passwords slow.'
    )
  }
  if (status >= 500) {
    throw new Error(`${status}: the server cannot answer just now. Nothing is lost: try again.`)
  }
  return exchange
}

/** Says what came of an exchange: the good news, or the server's reason for its refusal. */
function tell (step, { reply, status, answer }, goodNews) {
  say(`${step}-status`, `${status}: ${reply.ok ? goodNews : reasonOf(answer)}`, reply.ok)
  return reply.ok
}

const reasonOf = answer =>
  answer?.messages?.[0]?.message ?? answer?.detail ?? JSON.stringify(answer)

const COOKIE = '__Host-refresh=<which this page cannot read>'
const quote = text => /^[\w./:=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
const isPlain = value => /^[^=@\\][^\\]*$/.test(value)
/** A command on one line, if it is short. */
const join = words => words.join(' ').length > 78 ? words.join(' \\\n  ') : words.join(' ')

function curlOf ({ method, path, cookie, body, ...request }) {
  const headers = Object.entries({
    ...headersOf({ body, ...request }),
    ...(cookie && { Cookie: COOKIE, Origin: location.origin })
  })
  return join([
    `curl ${method === 'GET' ? '' : `-X ${method} `}${quote(location.origin + path)}`,
    ...headers.map(([name, value]) => `-H ${quote(`${name}: ${value}`)}`),
    ...(body ? [`-d ${quote(JSON.stringify(body))}`] : [])
  ])
}

function httpieOf ({ method, path, token, cookie, body }) {
  const fields = Object.entries(body ?? {})
  // httpie reads a value that begins with = or @ in a way of its own: then it gets the body as it
  // is.
  const content = fields.every(([, value]) => isPlain(value))
    ? fields.map(pair => quote(pair.join('=')))
    : [`--raw ${quote(JSON.stringify(body))}`]
  return join([
    `http ${method.toLowerCase()} ${quote(location.origin + path)}`,
    ...(token ? [quote(`Authorization:Bearer ${token}`)] : []),
    ...(cookie ? [quote(`Cookie:${COOKIE}`), quote(`Origin:${location.origin}`)] : []),
    ...content
  ])
}

function requestText ({ method, path, cookie, body, ...request }) {
  const headers = {
    Host: location.host,
    ...headersOf({ body, ...request }),
    ...(cookie && { Cookie: COOKIE })
  }
  return [
    `${method} ${path} HTTP/1.1`,
    ...Object.entries(headers).map(pair => pair.join(': ')),
    '',
    body ? JSON.stringify(body) : ''
  ]
    .join('\n')
    .trimEnd()
}

function replyText ({ status, reply, text }) {
  const headers = ['Content-Type', 'WWW-Authenticate', 'Cache-Control', 'Retry-After'].filter(
    name => reply.headers.has(name)
  )
  return [
    `HTTP/1.1 ${status} ${reply.statusText}`,
    ...headers.map(name => `${name}: ${reply.headers.get(name)}`), '', text
  ]
    .join('\n')
    .trimEnd()
}

/**
 * An exchange, or a request alone that was not sent yet, for those who want to do the same in a
 * terminal.
 */
function wireOf ({ request, ...exchange }, open = true) {
  const blocks = [commandOf('httpie', httpieOf(request)), commandOf('curl', curlOf(request))]
  if (exchange.reply) {
    blocks.push(figure('Request', requestText(request)), figure('Response', replyText(exchange)))
  }
  const outcome = exchange.reply
    ? el('span', { className: 'status' }, `${exchange.status} ${exchange.reply.statusText}`)
    : ''
  return el(
    'details', { open }, el('summary', {}, `${request.method} ${request.path} `, outcome), ...blocks
  )
}

const figure = (title, text, ...more) =>
  el('figure', {}, el('figcaption', {}, title, ...more), el('pre', { className: 'code' }, text))

function commandOf (name, command) {
  const button = el(
    'button', { className: 'copy', type: 'button', ariaLabel: `Copy the ${name} command` }, 'Copy'
  )
  const said = el('span', { className: 'said', role: 'status' })
  const block = figure(name, command, said, button)
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(command)
      said.textContent = 'Copied'
    } catch {
      // On http the clipboard is out of reach.
      getSelection().selectAllChildren(block.querySelector('pre'))
      said.textContent = 'Selected, for you to copy'
    }
    setTimeout(() => { said.textContent = '' }, 3000)
  })
  return block
}

// --- Tokens: taken apart, put together, signed and verified --------------------------------------

const bytesOfText = text => new TextEncoder().encode(text)
const base64url = bytes =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '')

/** There is one way only to write bytes as base64url: another is refused, as the server does. */
function bytesOf (part) {
  const bytes = bytesOfBase64(part.replaceAll('-', '+').replaceAll('_', '/'))
  if (base64url(bytes) !== part) throw new SyntaxError('not base64url')
  return bytes
}

const bytesOfBase64 = text => Uint8Array.from(atob(text), character => character.charCodeAt(0))

/** Decoding: no key is needed, and nothing is proved. */
const decode = part => JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytesOf(part)))
const encode = object => base64url(bytesOfText(JSON.stringify(object)))
const claimsOf = token => decode(token.split('.')[1])

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

const timeOf = seconds =>
  new Date(seconds * 1000).toLocaleString([], { dateStyle: 'medium', timeStyle: 'medium' })

const UNITS = [['d', 86400, Infinity], ['h', 3600, 24], ['min', 60, 60], ['s', 1, 60]]

/** Such as "in 4 min 32 s": the two largest units. */
function fromNow (seconds) {
  const left = Math.round(seconds - Date.now() / 1000)
  const distance = Math.abs(left)
  const largest = UNITS.findIndex(([, size]) => distance >= size)
  if (largest === -1) return 'now'
  const words = UNITS.slice(largest, largest + 2)
    .map(([unit, size, most]) => `${Math.floor(distance / size) % most} ${unit}`)
    .join(' ')
  return left > 0 ? `in ${words}` : `${words} ago`
}

/**
 * Seconds in which the spent token is still answered with its successor. The server counts from a
 * moment between the request, from when the time is surely not over yet, and its reply, from when
 * it surely will be.
 */
const secondsLeft = since => settings.reuse_interval - (Date.now() - since) / 1000

/**
 * Each second. What it changes is in no live region: screen readers read it when asked to, and are
 * not interrupted.
 */
function tick () {
  for (const element of document.querySelectorAll('[data-at]')) {
    element.textContent = fromNow(Number(element.dataset.at))
  }
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

/** A token with its parts in their colours. */
function tokenOf (token) {
  const [header, payload, signature] = token.split('.')
  const part = (className, text) => el('span', { className }, text)
  return el(
    'code',
    { className: 'token' },
    part('header', header),
    '.',
    part('payload', payload),
    '.',
    part('signature', signature)
  )
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

function claimList (claims) {
  const time = (name, value) => ['exp', 'iat'].includes(name) ? [' ', timeElement(value)] : []
  return el(
    'dl',
    {},
    ...Object.entries(claims).map(([name, value]) =>
      el(
        'div',
        {},
        el('dt', {}, `${name}: `, el('code', {}, JSON.stringify(value))),
        el(
          'dd',
          {},
          MEANINGS[name] ?? 'A claim that this application has added.',
          ...time(name, value)
        )
      )
    )
  )
}

const timeElement = seconds =>
  el(
    'time',
    { dateTime: new Date(seconds * 1000).toISOString() },
    `${timeOf(seconds)}, `,
    el('span', { className: 'from-now', data: { at: seconds } }, fromNow(seconds))
  )

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
  const finding = (name, { reply, status, answer }) =>
    el('li', {}, el('strong', {}, `${name}: ${status}. `), reply.ok ? 'Accepted' : reasonOf(answer))
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
    byId('session-list').replaceChildren(...answer.map(sessionOf))
  }
}

function sessionOf ({
  sid,
  created_at: created,
  last_used_at: used,
  expires_at: expires,
  user_agent: agent,
  address,
  current
}) {
  const fact = (name, value) => [el('dt', {}, name), el('dd', {}, value)]
  const time = (name, text) => fact(name, timeElement(Date.parse(text) / 1000))
  const button = el('button', { ariaLabel: `Log out this one: session ${sid}` }, 'Log out this one')
  const item = el('li', {},
    el(
      'p',
      { className: 'session-title' },
      el('code', {}, sid),
      current ? el('strong', {}, ' this page') : ''
    ),
    el(
      'dl',
      { className: 'facts' },
      ...time('Logged in', created),
      ...time('Last refreshed', used),
      ...time('Ends', expires),
      ...fact('From', `${address ?? 'unknown'}, ${agent ?? 'unknown'}`)
    ),
    button)
  onPress(button, () => endSession(sid, item))
  return item
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
