/** As much of a WebSocket as this file needs. */
interface Socket {
  close(code: number, reason: string): void
  on(event: 'close', listener: () => void): unknown
}

/** The open sockets of each session. Pass `close` to the option `onSessionEnded`. */
export interface LiveSockets {
  /**
   * Closes the socket when its session ends from now on, and at the time `exp` of its token, in
   * seconds. A later token of the session extends the time.
   */
  add(socket: Socket, sid: string, exp: number): void
  close(sid: string): void
}

/** Like 401, in the range of codes that applications may define (RFC 6455 section 7.4.2). */
export const UNAUTHORIZED = 4401

export function createLiveSockets (): LiveSockets {
  /** The sockets of each session, each with the timer that closes it. */
  const sessions = new Map<string, Map<Socket, NodeJS.Timeout>>()

  function remove (socket: Socket, sid: string): void {
    const sockets = sessions.get(sid)
    clearTimeout(sockets?.get(socket))
    sockets?.delete(socket)
    if (sockets?.size === 0) sessions.delete(sid)
  }

  return {
    add (socket, sid, exp) {
      const sockets = sessions.get(sid) ?? new Map<Socket, NodeJS.Timeout>()
      if (sockets.has(socket)) clearTimeout(sockets.get(socket))
      else socket.on('close', () => { remove(socket, sid) })
      const expire = (): void => { socket.close(UNAUTHORIZED, 'token expired') }
      sessions.set(sid, sockets.set(socket, setTimeout(expire, exp * 1000 - Date.now())))
    },
    close (sid) {
      for (const socket of sessions.get(sid)?.keys() ?? []) {
        socket.close(UNAUTHORIZED, 'logged out')
      }
    }
  }
}
