import type { FastifyInstance } from 'fastify'

const ADVICE = 'The guards set it. Remove the decorator, or give it another name.'

const SLOTS = ['user', 'account'] as const

type Decorate = (
  this: FastifyInstance, name: string, value?: unknown, dependencies?: string[]
) => FastifyInstance

/**
 * Declares `request.user` and `request.account`, so that plugins may depend on them. @fastify/jwt
 * and other plugins declare `user` without looking, before or after us, so a later declaration
 * changes nothing.
 * @throws Error if the host declares one as a getter, which no guard can set
 */
export function declareSlots (app: FastifyInstance): void {
  for (const slot of SLOTS) {
    if (isReadOnly(app, slot)) {
      throw new Error(`fastify-simplejwt: request.${slot} is a getter without a setter. ${ADVICE}`)
    }
  }
  const mine = SLOTS.filter(slot => !app.hasRequestDecorator(slot))
  for (const slot of mine) app.decorateRequest(slot, null as never)
  if (mine.length > 0) ignoreLaterDeclarations(app, mine)
}

function ignoreLaterDeclarations (app: FastifyInstance, mine: readonly string[]): void {
  const decorate = app.decorateRequest as Decorate
  const decorateOnce: Decorate = function (name, value, dependencies) {
    if (!mine.includes(name)) return decorate.call(this, name, value, dependencies)
    if (typeof (value as { getter?: unknown } | null | undefined)?.getter === 'function') {
      throw new Error(`fastify-simplejwt: request.${name} is declared already. ${ADVICE}`)
    }
    return this
  }
  app.decorateRequest = decorateOnce as typeof app.decorateRequest
}

/**
 * Fastify says that a decorator exists, but not what it is. If a later version keeps its requests
 * elsewhere, this finds nothing.
 */
function isReadOnly (app: FastifyInstance, slot: string): boolean {
  for (let scope: object | null = app; scope !== null; scope = Object.getPrototypeOf(scope)) {
    const symbol = Object.getOwnPropertySymbols(scope)
      .find(({ description }) => description === 'fastify.Request')
    if (symbol !== undefined) {
      const requests = (scope as Record<symbol, { prototype: object }>)[symbol]
      return hasGetterAlone((requests as { prototype: object }).prototype, slot)
    }
  }
  return false
}

function hasGetterAlone (prototype: object | null, slot: string): boolean {
  if (prototype === null) return false
  const own = Object.getOwnPropertyDescriptor(prototype, slot)
  return own === undefined
    ? hasGetterAlone(Object.getPrototypeOf(prototype) as object | null, slot)
    : own.get !== undefined && own.set === undefined
}
