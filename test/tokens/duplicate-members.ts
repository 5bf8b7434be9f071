import fc from 'fast-check'
import t from 'tap'
import { hasDuplicateMembers } from '../../plugin/tokens/duplicate-members.ts'

const isDuplicate = (json: string): boolean =>
  hasDuplicateMembers(Buffer.from(json), JSON.parse(json))

t.test('a name that stands twice in one object is found, however it is written', async t => {
  const found = [
    '{"a":1,"a":2}', '{"a":1,"a":1}', '{"a":1,"b":2,"a":3}', '{"a":"x","a":"y"}', '{"a":"x","a":1}',
    '{"a":1,"\\u0061":2}', '{ "a" : 1 ,\n"a"\t:\r\n 2 }', '{"":1,"":2}',
    '{"__proto__":1,"__proto__":2}', '{"a":{"b":1,"b":2}}', '{"a":[{"b":1,"b":2}]}',
    '{"a":{"b":1},"a":{"b":1}}', '{"a":{},"a":[]}', '[{"a":1,"a":2}]', '{"\\"":1,"\\"":2}',
    '{"a":"{","a":"}"}', '{"a":"\\"","b":1,"b":2}', '{"x":"a\\\\","a":1,"a":2}', '{"ë":1,"ë":2}',
    '{"🙂":1,"\\ud83d\\ude42":2}', '{"a":{"a":{"a":1},"a":2}}'
  ]
  for (const json of found) t.equal(isDuplicate(json), true, json)
})

t.test('hasDuplicateMembers: allows the same name in two objects or in a string', async t => {
  const clean = [
    '{}', '[]', '1', '"a"', 'null', '{"a":1}', '{"a":{"a":1}}',
    '{"a":[{"a":1},{"a":2}],"b":{"a":3}}', '{"a":"a","b":"a"}',
    '{"a":"\\"a\\":1","b":"{\\"a\\":1,\\"a\\":2}"}', '{"a":"\\\\","b":"\\\\\\""}',
    '{"a":"\\u0022","b":"\\u0022a\\u0022:"}', '{"a":"x","A":"x"}', '{"a":["a","a"]}',
    '{"__proto__":{"a":1},"a":2}', '{"x":"}","y":"\\"{"}', '{"a\\"":1,"a":2}',
    '{"e\\u0301":1,"\\u00e9":2}'
  ]
  for (const json of clean) t.equal(isDuplicate(json), false, json)
})

t.test('hasDuplicateMembers: finds a repeated member in any object, and only that', async () => {
  const object = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue(), { minKeys: 1 })
  fc.assert(fc.property(object, fc.nat(), fc.boolean(), (object, number, pretty) => {
    const json = JSON.stringify(object, null, pretty ? 2 : 0)
    const names = Object.keys(JSON.parse(json) as object)
    const again =
      `${json.trimEnd().slice(0, -1)},${JSON.stringify(names[number % names.length])}:0}`
    return !isDuplicate(json) && isDuplicate(again) && isDuplicate(`{"a":[0,${again}]}`)
  }), { numRuns: 3000 })
})

t.test('a payload as long as a token can be is looked through in no time', async t => {
  const json = `{"a":"${'\\"'.repeat(3000)}"}`
  const started = performance.now()
  t.equal(isDuplicate(json), false)
  t.ok(performance.now() - started < 50)
})
