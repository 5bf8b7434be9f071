/**
 * Returns an ECDSA signature of two numbers of one length (RFC 7518 section 3.4) in DER (RFC 3279
 * section 2.2.3), which OpenSSL takes. Node.js converts too, but slower. At most 132 bytes.
 */
export function ecdsaToDer (signature: Buffer): Buffer {
  const half = signature.length / 2
  const numbers = Buffer.concat([
    toInteger(signature.subarray(0, half)), toInteger(signature.subarray(half))
  ])
  const { length } = numbers
  const head = length < LONG_FORM ? [SEQUENCE, length] : [SEQUENCE, LONG_FORM | 1, length]
  return Buffer.concat([Buffer.from(head), numbers])
}

const SEQUENCE = 0x30
const INTEGER = 0x02
/** A length of 128 and more has a byte in front, which counts the bytes of the length. */
const LONG_FORM = 0x80
/** The first byte of a negative INTEGER. */
const SIGN_BIT = 0x80

/** Writes a number in the shortest form. DER has no other, and a zero in front of a sign bit. */
function toInteger (bytes: Buffer): Buffer {
  // The index -1 of all zeros leaves the last one.
  const number = bytes.subarray(bytes.findIndex(byte => byte !== 0))
  const sign = (number[0] as number) >= SIGN_BIT ? [0] : []
  return Buffer.concat([Buffer.from([INTEGER, sign.length + number.length, ...sign]), number])
}
