import type { FastifyInstance } from 'fastify'

const ADVICE = 'The guards set it. Remove the decorator, or give it another name.'

type Decorate = (
  this: FastifyInstance, name: string, value?: unknown, dependencies?: string[]
) => FastifyInstance

/**
 * Declares `request.user`, so that plugins may depend on it. @fastify/jwt and other plugins declare
 * it without looking, before or after us, so a later declaration changes nothing.
 * @throws Error if the host declares it as a getter, which no guard can set
 */
export function declareUser (app: FastifyInstance): void {
  if (isReadOnly(app)) {
    throw new Error(`fastify-simplejwt: request.user is a getter without a setter. ${ADVICE}`)
  }
  if (app.hasRequestDecorator('user')) return
  app.decorateRequest('user', null as never)
  const decorate = app.decorateRequest as Decorate
  const decorateOnce: Decorate = function (name, value, dependencies) {
    if (name !== 'user') return decorate.call(this, name, value, dependencies)
    if (typeof (value as { getter?: unknown } | null | undefined)?.getter === 'function') {
      throw new Error(`fastify-simplejwt: request.user is declared already. ${ADVICE}`)
    }
    return this
  }
  app.decorateRequest = decorateOnce as typeof app.decorateRequest
}

/**
 * Fastify says that a decorator exists, but not what it is. If a later version keeps its requests
 * elsewhere, this finds nothing.
 */
function isReadOnly (app: FastifyInstance): boolean {
  for (let scope: object | null = app; scope !== null; scope = Object.getPrototypeOf(scope)) {
    const symbol = Object.getOwnPropertySymbols(scope)
      .find(({ description }) => description === 'fastify.Request')
    if (symbol !== undefined) {
      const requests = (scope as Record<symbol, { prototype: object }>)[symbol]
      return hasGetterAlone((requests as { prototype: object }).prototype)
    }
  }
  return false
}

function hasGetterAlone (prototype: object | null): boolean {
  if (prototype === null) return false
  const user = Object.getOwnPropertyDescriptor(prototype, 'user')
  return user === undefined
    ? hasGetterAlone(Object.getPrototypeOf(prototype) as object | null)
    : user.get !== undefined && user.set === undefined
}
