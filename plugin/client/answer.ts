/** An answer of a token route: its status, its JSON, and the seconds of `Retry-After`. */
export interface Answer {
  status: number
  body?: unknown
  retryAfter?: number | undefined
}

/** Reads an answer. @throws for one that breaks off, and for a success that is not JSON */
export async function readAnswer (reply: Response): Promise<Answer> {
  const { status, headers } = reply
  return {
    status,
    // A captive portal answers every request by 200 and its own page. A proxy refuses by a page.
    body: await reply.json().catch(cause => { if (status === 200) throw cause }),
    retryAfter: Number(headers.get('retry-after')) || undefined
  }
}
