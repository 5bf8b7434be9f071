import type { FastifyBaseLogger } from 'fastify'

/** Sends a mail. The app passes nodemailer or the client of a mail service. */
export type SendMail = (to: string, text: string) => Promise<void>

const INTERVAL_MS = 60_000

/**
 * Returns a function that sends mails after the reply. The reply does not wait, so its time does
 * not reveal whether an account exists. An address gets one mail a minute.
 */
export function createMailer (send: SendMail) {
  const lastSent = new Map<string, number>()
  return (to: string, text: string, log: FastifyBaseLogger): void => {
    const now = Date.now()
    for (const [address, at] of lastSent) {
      if (at + INTERVAL_MS > now) break
      lastSent.delete(address)
    }
    if (lastSent.has(to)) return
    lastSent.set(to, now)
    // The text has a link that logs in: the log must not show it.
    setImmediate(() => {
      send(to, text).catch(({ message }: Error) => { log.error(`a mail was not sent: ${message}`) })
    })
  }
}

export type Mailer = ReturnType<typeof createMailer>
