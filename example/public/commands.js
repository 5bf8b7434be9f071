/* A request as a command, for those who want to do the same in a terminal. */

import { contentOf, fieldsOf, headersOf } from './requests.js'

export const COOKIE = '__Host-refresh=<which this page cannot read>'
export const quote = text =>
  /^[\w./:=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
const isPlain = value => /^[^=@\\][^\\]*$/.test(value)
/** A command on one line, if it is short. */
const join = words => words.join(' ').length > 78 ? words.join(' \\\n  ') : words.join(' ')

/** `flag` is one more option for curl, which posts where there is a form. */
export function curlOf (request) {
  const { method, path, basic, cookie, body, form, flag } = request
  const headers = Object.entries({
    ...headersOf({ ...request, basic: undefined, form: undefined }),
    ...(cookie && { Cookie: COOKIE, Origin: location.origin })
  })
  const options = `${flag ? `${flag} ` : ''}${method === 'GET' || form ? '' : `-X ${method} `}`
  return join([
    `curl ${options}${quote(location.origin + path)}`,
    ...(basic ? [`-u ${quote(basic)}`] : []),
    ...headers.map(([name, value]) => `-H ${quote(`${name}: ${value}`)}`),
    ...(body ? [`-d ${quote(JSON.stringify(body))}`] : []),
    ...fieldsOf(form).map(field => `-d ${quote(field)}`)
  ])
}

export function httpieOf (request) {
  const { method, path, token, basic, cookie, body, form } = request
  const fields = Object.entries(body ?? form ?? {})
  const options = `${form ? '--form ' : ''}${basic ? `--auth ${quote(basic)} ` : ''}`
  // httpie reads a value that begins with = or @ differently, so it gets the body as it is.
  const content = fields.every(([, value]) => isPlain(value))
    ? fields.map(pair => quote(pair.join('=')))
    : [`--raw ${quote(contentOf(request))}`]
  return join([
    `http ${options}${method.toLowerCase()} ${quote(location.origin + path)}`,
    ...(token ? [quote(`Authorization:Bearer ${token}`)] : []),
    ...(cookie ? [quote(`Cookie:${COOKIE}`), quote(`Origin:${location.origin}`)] : []),
    ...content
  ])
}
