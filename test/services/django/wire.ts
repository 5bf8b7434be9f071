import t from 'tap'
import { type Difference, type WireCase, compare } from '../../fixtures/wire/differential.ts'
import { skipUnlessDjango, startDjango } from '../../fixtures/servers/django.ts'
import { asForm, asJson } from '../../fixtures/clients/exchange.ts'
import { peerAt, startOurs } from '../../fixtures/wire/peer.ts'

const LOGIN = '/api/token/'
const good = { username: 'vitor', password: '123' }

/** The same fields in both encodings. */
const inBoth = (name: string, fields: Record<string, string>, target = LOGIN): WireCase[] => [
  { name: `${name}, as JSON`, request: () => asJson(target, fields) },
  { name: `${name}, as a form`, request: () => asForm(target, fields) }
]
const inJson = (name: string, body: unknown, target = LOGIN): WireCase => ({
  name,
  request: () => asJson(target, body)
})
const inForm = (name: string, body: string): WireCase => ({
  name,
  request: () => ({ ...asForm(LOGIN, {}), body })
})

const cases: WireCase[] = [
  ...inBoth('a good login', good),
  ...inBoth('a wrong password', { ...good, password: '1234' }),
  ...inBoth('an unknown user', { ...good, username: 'nobody' }),
  ...inBoth('an inactive user', { ...good, username: 'inactive' }),
  ...inBoth('a username in capitals', { ...good, username: 'VITOR' }),
  ...inBoth('spaces around the username', { ...good, username: ' vitor ' }),
  ...inBoth('spaces around the password', { ...good, password: ' 123 ' }),
  ...inBoth('a field too many', { ...good, next: '/' }),
  ...inBoth('no field', {}),
  ...inBoth('no username', { password: '123' }),
  ...inBoth('no password', { username: 'vitor' }),
  ...inBoth('a blank username', { ...good, username: '' }),
  ...inBoth('a blank password', { ...good, password: '' }),
  ...inBoth('a username of spaces', { ...good, username: '  ' }),
  ...inBoth('a password of spaces', { ...good, password: '  ' }),
  ...inBoth('a NUL in the username', { ...good, username: 'vi\0tor' }),
  ...inBoth('a NUL in the password', { ...good, password: '1\x0023' }),
  ...inBoth('a username of 20,000 characters', { ...good, username: 'v'.repeat(20_000) }),
  ...inBoth('a username after a byte order mark', { ...good, username: '\ufeffvitor' }),
  ...inBoth('a username after a next line character', { ...good, username: '\u0085vitor' }),
  ...['refresh', 'blacklist', 'verify'].flatMap(route => {
    const field = route === 'verify' ? 'token' : 'refresh'
    const target = `${LOGIN}${route}/`
    return [
      ...inBoth(`no field at ${route}`, {}, target),
      ...inBoth(`a blank token at ${route}`, { [field]: '' }, target),
      ...inBoth(`a token of spaces at ${route}`, { [field]: ' ' }, target),
      ...inBoth(`a NUL in a token at ${route}`, { [field]: 'a\0b' }, target),
      inJson(`null as the token at ${route}`, { [field]: null }, target),
      inJson(`true as the token at ${route}`, { [field]: true }, target),
      inJson(`a number as the token at ${route}`, { [field]: 12 }, target),
      inJson(`a list as the token at ${route}`, { [field]: ['a'] }, target),
      inJson(`a list as the body at ${route}`, [], target)
    ]
  }),
  ...Object.entries({
    null: null,
    true: true,
    false: false,
    'a list': ['vitor'],
    'an object': { a: 1 },
    'a number': 123,
    'a fraction': 1.5
  }).flatMap(([kind, value]) => [
    inJson(`${kind} as the username`, { ...good, username: value }),
    inJson(`${kind} as the password`, { ...good, password: value })
  ]),
  inJson('a lone surrogate in the username', '{"username":"\\ud800","password":"123"}'),
  inJson('a lone low surrogate in the password', '{"username":"vitor","password":"\\udfff"}'),
  inJson('a NUL and a surrogate', '{"username":"\\u0000\\ud800","password":"123"}'),
  inJson('a field twice in JSON', '{"username":"nobody","username":"vitor","password":"123"}'),
  inJson('the fields of a prototype', '{"__proto__":{"username":"vitor","password":"123"}}'),
  ...Object.entries({
    list: [],
    text: '"vitor"',
    number: 1,
    fraction: 1.5,
    true: true,
    false: false,
    null: null
  }).map(([kind, value]) => inJson(`a body that is ${kind}`, value)),
  inJson('an empty body', ''),
  inJson('a body of white space', ' \n'),
  inJson('JSON cut short', '{'),
  inJson('JSON and more', '{}{}'),
  inJson('JSON with a comma too many', '{"username":"vitor",}'),
  inJson('NaN', '{"username":NaN}'),
  inJson('a byte order mark', '\ufeff{}'),
  inJson('bytes that are not UTF-8', Buffer.from('{"username":"\xff"}', 'latin1')),
  inJson('a line feed in a text', '{"username":"vi\ntor"}'),
  inForm('a form with a field twice', 'username=nobody&username=vitor&password=123'),
  inForm(
    'a form with percent signs and plus signs', '+username=x&username=%76itor&password=%31%32%33'
  ),
  inForm('a form with a percent sign that is none', 'username=vitor&password=%zz'),
  inForm('a form with bytes that are not UTF-8', 'username=vitor&password=%ff'),
  inForm('a form with semicolons', 'username=vitor;password=123'),
  inForm('a form with a name alone', 'username&password')
]

const both = (...names: string[]): string[] =>
  names.flatMap(name => [`${name}, as JSON`, `${name}, as a form`])

const PARSE_ERROR = '400 {"detail":"JSON parse error - The body is not valid JSON."}'
const NO_ACCOUNT = '401 {"detail":"No active account found with the given credentials"}'
const NO_ACCOUNT_WITH_CODE =
  '401 {"detail":"No active account found with the given credentials","code":"no_active_account"}'
const parseError = (django: string, name: string): Difference => ({
  why: 'the text after "JSON parse error" is ours',
  django: `400 {"detail":"JSON parse error - ${django}"}`,
  ours: PARSE_ERROR,
  of: [name]
})

const onPurpose: Difference[] = [
  {
    why: 'failed logins carry a code',
    django: NO_ACCOUNT,
    ours: NO_ACCOUNT_WITH_CODE,
    of: [
      ...both(
        'a wrong password',
        'an unknown user',
        'an inactive user',
        'a username in capitals',
        'a username after a byte order mark'
      ),
      'a form with a percent sign that is none',
      'a form with bytes that are not UTF-8'
    ]
  },
  {
    why: 'passwords are never trimmed',
    django: '200 {"refresh":"JWT","access":"JWT"}',
    ours: NO_ACCOUNT_WITH_CODE,
    of: both('spaces around the password')
  },
  {
    why: 'a blank password is an empty one',
    django: '400 {"password":["This field may not be blank."]}',
    ours: NO_ACCOUNT_WITH_CODE,
    of: both('a password of spaces')
  },
  {
    why: 'a number is no username',
    django: NO_ACCOUNT,
    ours: '400 {"username":["Not a valid string."]}',
    of: ['a number as the username', 'a fraction as the username']
  },
  {
    why: 'a number is no password',
    django: NO_ACCOUNT,
    ours: '400 {"password":["Not a valid string."]}',
    of: ['a fraction as the password']
  },
  {
    why: 'a number is no password, not even the right one',
    django: '200 {"refresh":"JWT","access":"JWT"}',
    ours: '400 {"password":["Not a valid string."]}',
    of: ['a number as the password']
  },
  ...['refresh', 'blacklist', 'verify'].map(route => ({
    why: 'a number is no token',
    django: '401 {"detail":"Token is invalid or expired","code":"token_not_valid"}',
    ours: `400 {"${route === 'verify' ? 'token' : 'refresh'}":["Not a valid string."]}`,
    of: [`a number as the token at ${route}`]
  })),
  {
    why: 'a body of more than 16 KB is refused',
    django: NO_ACCOUNT,
    ours: '413 {"detail":"Request body is too large"}',
    of: both('a username of 20,000 characters')
  },
  parseError('Expecting value: line 2 column 1 (char 2)', 'a body of white space'),
  parseError(
    'Expecting property name enclosed in double quotes: line 1 column 2 (char 1)', 'JSON cut short'
  ),
  parseError('Extra data: line 1 column 3 (char 2)', 'JSON and more'),
  parseError(
    'Expecting property name enclosed in double quotes: line 1 column 21 (char 20)',
    'JSON with a comma too many'
  ),
  parseError("Out of range float values are not JSON compliant: 'NaN'", 'NaN'),
  parseError(
    'Unexpected UTF-8 BOM (decode using utf-8-sig): line 1 column 1 (char 0)', 'a byte order mark'
  ),
  parseError('Invalid control character at: line 1 column 16 (char 15)', 'a line feed in a text'),
  {
    why: 'the text after "JSON parse error" is ours',
    django:
      '400 {"detail":"JSON parse error - \'utf-8\' codec can\'t decode byte 0xff in position ' +
      '13: invalid start byte"}',
    ours: '400 {"detail":"JSON parse error - The body is not valid UTF-8."}',
    of: ['bytes that are not UTF-8']
  }
]

t.test('answers to token route fields match Django', { skip: skipUnlessDjango() }, async t => {
  const [port, { ours }] = await Promise.all([startDjango(t), startOurs(t)])
  await compare(t, { django: peerAt(port), ours }, cases, onPurpose)
})
