// Parts that the schemas of several endpoints share.

export const text = (description: string) => ({ type: 'string', description })
export const FORM = ['application/x-www-form-urlencoded']

export const oauthRefusal = (description: string, code: string, reason: string) => ({
  description,
  type: 'object',
  required: ['error', 'error_description'],
  properties: { error: { type: 'string' }, error_description: { type: 'string' } },
  examples: [{ error: code, error_description: reason }]
})

export const tooMany = oauthRefusal(
  'Too many requests: `Retry-After` says how many seconds to wait.',
  'temporarily_unavailable', 'Too many requests. Try again.')
export const away = oauthRefusal(
  'The session store does not answer. The code or token is unchanged: try again.',
  'temporarily_unavailable', 'The server is busy. Try again.')
