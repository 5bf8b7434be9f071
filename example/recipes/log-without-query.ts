import type { FastifyRequest } from 'fastify'

export interface LogStream { write(line: string): void }

/** A logger that leaves out the query of URLs: the callback of OAuth has its code there. */
export const logTo = (stream: LogStream) => ({
  stream,
  serializers: {
    req: ({ method, url, ip }: FastifyRequest) => ({
      method,
      url: url.replace(/\?.*/s, ''),
      remoteAddress: ip
    })
  }
})
