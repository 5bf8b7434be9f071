/** Opens the channel between tabs, if there are channels. */
export function openChannel<Message> (
  name: string | undefined, receive: (message: Message) => Promise<void>
): BroadcastChannel | undefined {
  if (!name || !globalThis.BroadcastChannel) return undefined
  const channel = new BroadcastChannel(name)
  // A script of the page may post anything.
  channel.onmessage = ({ data }) => { receive(data).catch(() => {}) }
  // The channel must not keep a Node process alive.
  ;(channel as { unref?(): void }).unref?.()
  return channel
}
