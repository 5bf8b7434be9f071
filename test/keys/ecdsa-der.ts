import fc from 'fast-check'
import t from 'tap'
import { ecdsaToDer } from '../../plugin/keys/ecdsa-der.ts'

const hex = (text: string): Buffer => Buffer.from(text, 'hex')

t.test('ecdsaToDer: writes each number in the shortest form, and never a negative one', t => {
  for (const [numbers, der] of [
    ['0101', '3006020101020101'],
    ['0000', '3006020100020100'],
    ['7f80', '300702017f02020080'],
    ['ff01', '3007020200ff020101'],
    ['000100ff', '30070201 01 0202 00ff'],
    ['00800000', '3007020200800201 00'],
    ['0001' + '7fff', '3007 020101 02027fff'],
    ['8000' + '0080', '3009 0203008000 02020080']
  ] as const) {
    t.same(ecdsaToDer(hex(numbers)), hex(der.replaceAll(' ', '')), numbers)
  }
  t.end()
})

t.test('ecdsaToDer: has a length of two bytes from 128 bytes on, as P-521 may', t => {
  const of = (bytes: number, first: number) => {
    const number = Buffer.concat([Buffer.from([first]), Buffer.alloc(bytes - 1)])
    return ecdsaToDer(Buffer.concat([number, number]))
  }
  t.same(of(61, 0x7f).subarray(0, 4), hex('307e023d'))
  t.same(of(61, 0x80).subarray(0, 5), hex('308180023e'))
  t.same(of(62, 0x7f).subarray(0, 5), hex('308180023e'))
  t.same(of(66, 0x01).subarray(0, 5), hex('3081880242'))
  t.same(of(66, 0xff).subarray(0, 6), hex('30818a024300'))
  t.end()
})

t.test('ecdsaToDer: a reader of DER finds the same two numbers', async () => {
  const numberOf = (bytes: Uint8Array): bigint =>
    BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
  const half = fc.constantFrom(32, 48, 66).chain(size =>
    fc.tuple(fc.uint8Array({ minLength: size, maxLength: size }),
      fc.uint8Array({ minLength: size, maxLength: size }), fc.nat({ max: size })))
  fc.assert(fc.property(half, ([r, s, zeros]) => {
    r.fill(0, 0, zeros)
    const der = ecdsaToDer(Buffer.concat([r, s]))
    const start = der[1] === 0x81 ? 3 : 2
    const end = start + 2 + (der[start + 1] as number)
    return der.length === start + (der[start - 1] as number) &&
      numberOf(der.subarray(start + 2, end)) === numberOf(r) &&
      numberOf(der.subarray(end + 2)) === numberOf(s) &&
      der.length === end + 2 + (der[end + 1] as number)
  }), { numRuns: 1000 })
})
