/* Requests of the lessons. One is described once, as an object, and sent by `send`. */

export const get = (path, token) => ({ method: 'GET', path, token })
export const remove = (path, token) => ({ method: 'DELETE', path, token })
export const post = (path, body) => ({ method: 'POST', path, body })
/** A form, as OAuth has it. `basic` is the id of a client and its secret, with a colon between. */
export const postForm = (path, form, basic) => ({ method: 'POST', path, form, basic })

/** The fields of a form, encoded. A colon and a slash may stay as they are. */
export const fieldsOf = form =>
  Object.entries(form ?? {}).map(([name, value]) =>
    `${name}=${encodeURIComponent(value).replaceAll('%3A', ':').replaceAll('%2F', '/')}`)

export const contentOf = ({ body, form }) =>
  body ? JSON.stringify(body) : form && fieldsOf(form).join('&')

export const headersOf = ({ token, basic, body, form }) => ({
  ...(token && { Authorization: `Bearer ${token}` }),
  ...(basic && { Authorization: `Basic ${btoa(basic)}` }),
  ...(body && { 'Content-Type': 'application/json' }),
  ...(form && { 'Content-Type': 'application/x-www-form-urlencoded' })
})

export async function send (request) {
  const { method, path } = request
  const reply = await fetch(path, {
    method,
    headers: headersOf(request),
    body: contentOf(request)
  }).catch(() => {
    throw new Error('The server cannot be reached. Does it still run?')
  })
  const text = await reply.text()
  return { request, reply, status: reply.status, text, answer: parse(text) }
}

export function parse (text) {
  try { return JSON.parse(text) } catch { return undefined }
}
