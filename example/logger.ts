import type { FastifyRequest } from 'fastify'

/** Leaves the query of URLs out of the log: an app gets its authorization code there. */
export const loggerWithoutQueries = (level: string) => ({
  level,
  serializers: {
    req: ({ method, url, host, ip }: FastifyRequest) => ({
      method,
      url: url.replace(/\?.*/s, ''),
      host,
      remoteAddress: ip
    })
  }
})
