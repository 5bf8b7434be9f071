/* Times, as the lessons show them. */

import { el } from './page.js'

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

export const timeElement = seconds =>
  el(
    'time',
    { dateTime: new Date(seconds * 1000).toISOString() },
    `${timeOf(seconds)}, `,
    el('span', { className: 'from-now', data: { at: seconds } }, fromNow(seconds))
  )

/**
 * Updates the countdowns, each second. They are in no live region, so that they do not interrupt
 * screen readers.
 */
export function showTimes () {
  for (const element of document.querySelectorAll('[data-at]')) {
    element.textContent = fromNow(Number(element.dataset.at))
  }
}
