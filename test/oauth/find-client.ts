import t from 'tap'
import { newSecret } from '../../plugin/oauth/client-secrets.ts'
import { createFindClient } from '../../plugin/oauth/find-client.ts'
import type { OAuthClient, OAuthOptions } from '../../plugin/oauth/options.ts'
import { messageOf } from '../fixtures/refused.ts'

const SCOPES = ['photos:read']
const client = (id: string): OAuthClient =>
  ({ id, name: 'Photo Printer', redirectUris: ['https://a.example/cb'] })
const PRINTER = client('photo-printer')

type Given = Pick<OAuthOptions, 'clients' | 'findClient'>
const create = (given: object) => createFindClient(given as Given, SCOPES)
const refusal = (given: object): string => messageOf(() => create(given))

t.test('a client of the option is found, and no other', async t => {
  const find = create({ clients: [PRINTER, client('constructor')] })
  t.equal((await find('photo-printer'))?.given, PRINTER)
  t.match(await find('constructor'), { id: 'constructor', scopes: SCOPES })
  for (const id of ['Photo-Printer', 'photo-printer2', 'toString', '', '__proto__']) {
    t.equal(await find(id), null, id)
  }
})

t.test('findClient looks up a client that the option does not have', async t => {
  const asked: string[] = []
  const find = create({
    clients: [PRINTER],
    findClient: async (id: string) => {
      asked.push(id)
      return id === 'calendar' ? client('calendar') : null
    }
  })
  t.match(await find('calendar'), { id: 'calendar', trusted: false, scopes: SCOPES })
  t.equal(await find('nobody'), null)
  t.equal((await find('photo-printer'))?.given, PRINTER)
  t.same(asked, ['calendar', 'nobody'])
})

t.test('the host is not asked for a text that cannot be an id', async t => {
  const findClient = () => t.fail('asked')
  const find = create({ findClient })
  for (const id of [
    '', 'a', '1', "' OR 1=1 --", 'a\0b', '../admin', 'a'.repeat(101), undefined, null, {}, ['abc'],
    'a3bb189e-8bf9-3888-9912-ace4e6543002'
  ]) t.equal(await find(id as string), null)
})

t.test('the answer may come at once, and undefined is none', async t => {
  t.match(await create({ findClient: client })('calendar'), { id: 'calendar' })
  t.equal(await create({ findClient: () => undefined })('calendar'), null)
})

t.test('an answer that is not a valid client is a fault that names the member', async t => {
  const { secret } = newSecret()
  const answers: [unknown, string][] = [
    [client('printer2'), 'findClient().id must be the id asked for.'],
    [{ ...client('calendar'), admin: true },
      'findClient().admin is not known. Remove it, or check its spelling.'],
    [{ ...client('calendar'), redirectUris: ['https://a.example/cb', 'x'] },
      'findClient().redirectUris[1] must be an https URL'],
    [{ ...client('calendar'), secretHash: secret }, 'findClient().secretHash must be "sha256:"'],
    [{ ...client('calendar'), secretHash: null }, 'findClient().secretHash must be "sha256:"'],
    [{ ...client('calendar'), trusted: true, redirectUris: ['http://127.0.0.1/cb'] },
      'findClient().trusted must be false'],
    [false, 'findClient() must be an object.'],
    ['calendar', 'findClient() must be an object.'],
    [[client('calendar')], 'findClient() must be an object.']
  ]
  for (const [answer, message] of answers) {
    const error = await create({ findClient: () => answer })('calendar')
      .then(() => new Error('found'), (error: Error & { statusCode?: number }) => error)
    t.ok(error.message.startsWith(`fastify-simplejwt/oauth: ${message}`), error.message)
    t.notOk(error.message.includes(secret))
    t.equal('statusCode' in error, false)
  }
})

t.test('a throw of the host is an Error, and is passed on', async t => {
  const fault = new Error('the database is away')
  await t.rejects(create({ findClient: () => { throw fault } })('calendar'), fault)
  await t.rejects(create({ findClient: async () => { throw fault } })('calendar'), fault)
  for (const thrown of [null, undefined, 'away', { statusCode: 404 }]) {
    const findClient = async () => { throw thrown }
    await t.rejects(create({ findClient })('calendar'), { message: /^fastify-simplejwt: findClient\(\) threw/ })
  }
})

t.test('the options are checked, and each error names one', async t => {
  const option = 'fastify-simplejwt/oauth: option'
  const none = `${option} "clients" must have at least one client, unless "findClient" or ` +
    '"metadataDocuments" is set.'
  t.equal(refusal({}), none)
  t.equal(refusal({ clients: [] }), none)
  t.equal(refusal({ metadataDocuments: false }), none)
  t.equal(refusal({ clients: [], findClient: () => null }), 'nothing was thrown')
  for (const metadataDocuments of [true, { allow: () => false }]) {
    t.equal(refusal({ metadataDocuments }), 'nothing was thrown')
  }
  for (const clients of [null, 'photo-printer', {}, PRINTER]) {
    t.equal(refusal({ clients }), `${option} "clients" must be an array of clients.`)
  }
  for (const findClient of [null, {}, 'x']) {
    t.equal(refusal({ findClient }), `${option} "findClient" must be a function.`)
  }
  t.equal(refusal({ clients: [PRINTER, null] }), `${option} "clients[1]" must be an object.`)
  t.equal(
    refusal({ clients: [{ ...PRINTER, redirectUris: ['https://a.example/cb', 'x:y'] }] }).slice(0, 80),
    `${option} "clients[0].redirectUris[1]" must be an https URL, `.slice(0, 80))
  t.equal(refusal({ clients: [PRINTER, { ...PRINTER }] }), `${option} "clients[1].id" must be unique.`)
})

t.test('no client has the audience of the API as its id', async t => {
  const rule = 'is the "audience" of fastify-simplejwt, and the ID tokens of a client are for ' +
    'its id. Choose another id.'
  const find = (given: object) => createFindClient(given as Given, SCOPES, 'photo-printer')
  t.equal(messageOf(() => find({ clients: [client('calendar'), PRINTER] })),
    `fastify-simplejwt/oauth: option "clients[1].id" ${rule}`)
  await t.rejects(find({ findClient: client })('photo-printer'),
    { message: `fastify-simplejwt/oauth: findClient().id ${rule}` })
  t.match(await find({ findClient: client })('calendar'), { id: 'calendar' })
})
