/** The injection token of `app.tokens`. */
export const TOKENS = Symbol('fastify-simplejwt tokens')
