/*
 * The page of a lesson: elements, outcomes and buttons. Text from elsewhere goes into the page as
 * text, never as HTML.
 */

export const byId = id => document.getElementById(id)

/** An element with properties and children. Children that are strings become text. */
export function el (name, { data = {}, ...properties } = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties)
  Object.assign(element.dataset, data)
  element.append(...children)
  return element
}

/** Says how something went: in words, to screen readers too, and with a mark. */
export function say (id, text, isGood) {
  const line = byId(id)
  line.textContent = text
  line.dataset.mark = isGood === undefined ? '' : isGood ? 'good' : 'bad'
}

/** The conditions that a control can name in `data-needs`. Each lesson adds its own. */
export const conditions = {
  crypto: () => globalThis.crypto?.subtle !== undefined
}

/** Enables the controls whose conditions hold now. */
export function enable () {
  for (const control of document.querySelectorAll('[data-needs]')) {
    control.disabled = !control.dataset.needs.split(' ').every(need => conditions[need]())
  }
}

/**
 * Runs `act` when a button is pressed or a form is sent, one at a time. Shows an error beside the
 * control.
 */
export function onPress (control, act) {
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
