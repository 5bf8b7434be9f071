/* An exchange with the server: sent, and shown as commands and as HTTP. */

import { COOKIE, curlOf, httpieOf } from './commands.js'
import { byId, el, say } from './page.js'
import { contentOf, headersOf, send } from './requests.js'

/**
 * Sends a request, shows it in the step, and throws if the server was too busy to give a real
 * answer.
 */
export async function show (step, request) {
  const exchange = await send(request)
  byId(`${step}-wire`).replaceChildren(wireOf(exchange))
  refuseBusy(exchange)
  return exchange
}

/** Throws if the server was too busy to give a real answer. */
export function refuseBusy ({ status, reply }) {
  if (status === 429) {
    throw new Error(
      `429: that was too often. Try again in ${reply.headers.get('retry-after')} seconds: ` +
        'limits like this one make guessing passwords slow.'
    )
  }
  if (status >= 500) {
    throw new Error(`${status}: the server cannot answer just now. Nothing is lost: try again.`)
  }
}

/** Says the outcome of an exchange: the good news, or the server's reason for its refusal. */
export function tell (step, { reply, status, answer }, goodNews) {
  say(`${step}-status`, `${status}: ${reply.ok ? goodNews : reasonOf(answer)}`, reply.ok)
  return reply.ok
}

export const reasonOf = answer =>
  answer?.error
    ? `${answer.error}. ${answer.error_description}`
    : answer?.messages?.[0]?.message ?? answer?.detail ?? JSON.stringify(answer)

/** The outcome of one request of several, as an item of a list. */
export const finding = (name, { reply, status, answer }) =>
  el('li', {}, el('strong', {}, `${name}: ${status}. `), reply.ok ? 'Accepted' : reasonOf(answer))

export function requestText (request) {
  const { method, path, cookie } = request
  const headers = {
    Host: location.host,
    ...headersOf(request),
    ...(cookie && { Cookie: COOKIE })
  }
  return [
    `${method} ${path} HTTP/1.1`,
    ...Object.entries(headers).map(pair => pair.join(': ')),
    '',
    contentOf(request) ?? ''
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
export function wireOf ({ request, ...exchange }, open = true) {
  const { reply, status } = exchange
  return detailsOf(
    titleOf(request),
    reply ? `${status} ${reply.statusText}` : '',
    [
      ...commandsOf(request),
      ...(reply
        ? [figure('Request', requestText(request)), figure('Response', replyText(exchange))]
        : [])
    ],
    open
  )
}

/** A query may be long. The command and the request have it. */
export const titleOf = ({ method, path }) => `${method} ${path.replace(/\?.*/, '')}`

export const detailsOf = (title, outcome, blocks, open = true) =>
  el(
    'details',
    { open },
    el(
      'summary', {}, `${title} `, outcome ? el('span', { className: 'status' }, outcome) : ''
    ),
    ...blocks
  )

export const commandsOf = request =>
  [commandOf('httpie', httpieOf(request)), commandOf('curl', curlOf(request))]

export const figure = (title, text, ...more) =>
  el('figure', {}, el('figcaption', {}, title, ...more), el('pre', { className: 'code' }, text))

export function commandOf (name, command) {
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
