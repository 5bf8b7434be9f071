import { createQueue } from './queue.ts'

/** Opens the channel between the tabs of an origin. `receive` gets one message at a time. */
export function openChannel<Message> (
  name: string, receive: (message: Message) => Promise<void>
): BroadcastChannel {
  const inTurn = createQueue()
  const channel = new BroadcastChannel(name)
  channel.onmessage = ({ data }) => { inTurn(() => receive(data)) }
  // The channel must not keep a Node process alive.
  ;(channel as { unref?(): void }).unref?.()
  return channel
}
