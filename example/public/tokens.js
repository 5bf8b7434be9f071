/* Tokens taken apart, and their claims explained. */

import { el } from './page.js'
import { timeElement } from './times.js'

export const MEANINGS = {
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

export const bytesOfText = text => new TextEncoder().encode(text)
export const base64url = bytes =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '')

/** Bytes have one spelling in base64url. Refuses others, as the server does. */
export function bytesOf (part) {
  const bytes = bytesOfBase64(part.replaceAll('-', '+').replaceAll('_', '/'))
  if (base64url(bytes) !== part) throw new SyntaxError('not base64url')
  return bytes
}

export const bytesOfBase64 = text =>
  Uint8Array.from(atob(text), character => character.charCodeAt(0))

/** Decoding: no key is needed, and nothing is proved. */
export const decode = part =>
  JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytesOf(part)))
export const encode = object => base64url(bytesOfText(JSON.stringify(object)))
export const claimsOf = token => decode(token.split('.')[1])

/** A token with its parts in their colours. */
export function tokenOf (token) {
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

/** A list of names and values, each with its meaning. */
export function claimList (claims, meanings = MEANINGS) {
  const time = (name, value) =>
    ['exp', 'iat', 'auth_time'].includes(name) ? [' ', timeElement(value)] : []
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
          meanings[name] ?? 'A claim that this application has added.',
          ...time(name, value)
        )
      )
    )
  )
}
