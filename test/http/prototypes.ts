import t from 'tap'
import { withoutPrototypes } from '../../plugin/http/prototypes.ts'

const clean = (json: string): string => JSON.stringify(withoutPrototypes(JSON.parse(json)))

t.test('withoutPrototypes: drops the members that change prototypes, at any depth', async t => {
  const cases: [json: string, expected: string][] = [
    ['{"a":1,"__proto__":{"admin":true}}', '{"a":1}'],
    ['{"a":[{"__proto__":1,"b":2}]}', '{"a":[{"b":2}]}'],
    ['{"constructor":{"prototype":{"admin":true}},"a":1}', '{"a":1}'],
    ['{"a":{"constructor":{"prototype":1}}}', '{"a":{}}'],
    ['{"constructor":"Volvo","prototype":1}', '{"constructor":"Volvo","prototype":1}'],
    ['{"constructor":{"name":"Volvo"}}', '{"constructor":{"name":"Volvo"}}'],
    ['{"constructor":null}', '{"constructor":null}']
  ]
  for (const [json, expected] of cases) t.equal(clean(json), expected, json)
})

t.test('withoutPrototypes: reads 16 KB of nesting without a stack', async t => {
  for (const [open, close] of [['[', ']'], ['{"a":', '}']] as const) {
    const depth = Math.floor(16_000 / (open.length + close.length))
    const json = `{"a":${open.repeat(depth)}1${close.repeat(depth)}}`
    t.doesNotThrow(() => withoutPrototypes(JSON.parse(json)))
  }
})
