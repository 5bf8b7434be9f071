import t from 'tap'
import type { SimpleJwtEvent } from '../../plugin/index.ts'
import { buildApp } from '../fixtures/app.ts'

const FORGED = '{"level":60,"msg":"forged"}'

/** User names that mean to end the line that they are written in, or to write into a terminal. */
const NAMES: Record<string, string> = {
  'a line feed': `a\n${FORGED}`,
  'a carriage return': `a\r${FORGED}`,
  'both, and quotes': `a"}\r\n${FORGED}`,
  'vertical tab and form feed': `a\v${FORGED}\f${FORGED}`,
  'a next line character': `a\u0085${FORGED}`,
  'a line separator': `a\u2028${FORGED}`,
  'a paragraph separator': `a\u2029${FORGED}`,
  'escapes of a terminal': '\u001b[2J\u001b]0;title\u0007\u001b[1A\u001b[2K',
  'the same in eight bits': '\u009b2J\u009d0;title\u009c',
  'backspaces and a bell': 'a\b\b\b\u0007\u007f',
  'quotes and backslashes': 'a\\"},"level":60,"event":{"type":"login","x":"\\',
  'writing from right to left': 'a\u202egnp.exe\u2066',
  'names of a prototype': '__proto__',
  // eslint-disable-next-line no-template-curly-in-string
  'formats of printf and of a shell': '%s%d%j $(id) `id` ${jndi:ldap://x}',
  '8 KB': 'x'.repeat(8000),
  '8 KB of characters outside the first plane': '😀'.repeat(2000)
}

/**
 * What ends a line for readers of logs that are made with node:readline, from Node 24 on. Most
 * others know the first two alone.
 */
const LINE_END = /\r?\n|\r(?!\n)|[\u2028\u2029]/

function isJson (text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'object'
  } catch {
    return false
  }
}

async function loginsOf (t: { after(close: () => unknown): void }, usernames: string[]) {
  let text = ''
  const { post, events } = await buildApp(
    t,
    { usernameMaxLength: 8192 },
    {
      logger: {
        level: 'trace',
        stream: {
          write: line => {
            text += line
          }
        }
      }
    }
  )
  const statuses: number[] = []
  for (const username of usernames) {
    statuses.push((await post('/api/token/', { username, password: 'wrong' })).statusCode)
  }
  return { text, events, statuses }
}

for (const [what, username] of Object.entries(NAMES)) {
  t.test(`a user name with ${what} stays within its line`, async t => {
    const { text, events, statuses } = await loginsOf(t, [username])
    t.strictSame(statuses, [401])
    const lines = text.trimEnd().split(LINE_END)
    t.strictSame(lines.filter(line => !isJson(line)), [], 'every line is JSON')
    const logged = lines
      .filter(isJson)
      .map(line => JSON.parse(line) as { level: number, event?: SimpleJwtEvent })
    t.notOk(logged.some(({ level }) => level === 60), 'nothing is forged')
    t.equal(logged.filter(({ event }) => event?.type === 'login_failed').length, 1)
    t.equal(
      events[0]?.username, username.trim().slice(0, 256), 'and the event has it as it was sent'
    )
    t.ok(
      [...text].every(character => character === '\n' || character >= ' '),
      'no escape that a terminal would obey'
    )
  })
}

t.test('a user name with NUL or with half a character is refused, and is in no event', async t => {
  const { events, statuses } = await loginsOf(t, ['a\0b', '\ud800', '\udc00a'])
  t.strictSame(statuses, [400, 400, 400])
  t.strictSame(events, [])
})

t.test('no event has half a character, which a database would not take', async t => {
  const { events } = await loginsOf(t, [`x${'😀'.repeat(300)}`])
  t.notMatch(events[0]?.username, /\p{Surrogate}/u)
})
