import type { AccessClaims } from 'fastify-simplejwt'
import mercurius, { type IResolvers, type MercuriusContext } from 'mercurius'

declare module 'mercurius' {
  interface MercuriusContext { claims: AccessClaims }
}

export const schema = `
  type User { id: ID! }
  type Query { me: User!, secret: String! }
  type Mutation { say (text: String!): Boolean! }
  type Subscription { said: String! }
`

/** Refuses users without a role, with the code that Apollo's clients know. */
function mustBe (role: string, { claims }: MercuriusContext): void {
  if (claims.role === role) return
  throw new mercurius.ErrorWithProps('You must not see this.', { code: 'FORBIDDEN' })
}

export const resolvers: IResolvers = {
  Query: {
    me: (_root, _args, { claims }) => ({ id: claims.user_id }),
    secret: (_root, _args, context) => {
      mustBe('admin', context)
      return 'for administrators'
    }
  },
  Mutation: {
    say: async (_root, { text }: { text: string }, { pubsub }) => {
      await pubsub.publish({ topic: 'said', payload: { said: text } })
      return true
    }
  },
  Subscription: {
    said: { subscribe: (_root, _args, { pubsub }) => pubsub.subscribe('said') }
  }
}
