import t from 'tap'
import { newId } from '../plugin/ids.ts'

const ids = Array.from({ length: 5000 }, newId)

t.test('an id is 32 lower-case hex digits', async t => {
  t.same(ids.filter(id => !/^[0-9a-f]{32}$/.test(id)), [])
})

t.test('no id comes twice', async t => {
  t.equal(new Set(ids).size, ids.length)
})

t.test('all 128 bits are random, where a UUID has 122', async t => {
  for (let place = 0; place < 32; place++) {
    t.equal(new Set(ids.map(id => id[place])).size, 16, `digit ${place}`)
  }
})
