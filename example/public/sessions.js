/* A session of a user, as an item of a list. */

import { el, onPress } from './page.js'
import { timeElement } from './times.js'

/** An item with a button that ends the session. `mark` says which session this is, or is empty. */
export function sessionOf (session, { mark, button: text, end }) {
  const fact = (name, value) => value ? [el('dt', {}, name), el('dd', {}, value)] : []
  const time = (name, text) => fact(name, timeElement(Date.parse(text) / 1000))
  const { sid } = session
  const button = el('button', { ariaLabel: `${text}: session ${sid}` }, text)
  const item = el('li', {},
    el(
      'p',
      { className: 'session-title' },
      el('code', {}, sid),
      mark ? el('strong', {}, ` ${mark}`) : ''
    ),
    el(
      'dl',
      { className: 'facts' },
      ...fact('App', session.client_id),
      ...fact('Scope', session.scope),
      ...time('Logged in', session.created_at),
      ...time('Last refreshed', session.last_used_at),
      ...time('Ends', session.expires_at),
      ...fact('From', `${session.address ?? 'unknown'}, ${session.user_agent ?? 'unknown'}`)
    ),
    button)
  onPress(button, () => end(sid, item))
  return item
}
