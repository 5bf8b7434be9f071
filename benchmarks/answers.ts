/** An HTTP/1.1 answer, as bytes in Latin-1. */
export interface Answer { text: string, isGood: boolean, endsConnection: boolean }

/**
 * Cuts the first answer off a text that a server has sent. Returns undefined if the answer is not
 * complete. An answer without a length is complete once the connection is closed.
 */
export function firstAnswer (text: string, isClosed = false): Answer | undefined {
  const body = text.indexOf('\r\n\r\n') + HEAD_END
  if (body < HEAD_END) return undefined
  const head = text.slice(0, body)
  const end = endOf(text, head, isClosed)
  if (end === undefined || end > text.length) return undefined
  return {
    text: text.slice(0, end),
    isGood: head[STATUS] === '2',
    endsConnection: /\r\nconnection: close\r\n/i.test(head)
  }
}

const HEAD_END = '\r\n\r\n'.length
const STATUS = 'HTTP/1.1 '.length
const LAST_CHUNK = '\r\n0\r\n\r\n'

function endOf (text: string, head: string, isClosed: boolean): number | undefined {
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(head)?.[1]
  if (length !== undefined) return head.length + Number(length)
  if (!/\r\ntransfer-encoding: chunked\r\n/i.test(head)) return isClosed ? text.length : undefined
  const last = text.indexOf(LAST_CHUNK, head.length - 2)
  return last < 0 ? undefined : last + LAST_CHUNK.length
}
