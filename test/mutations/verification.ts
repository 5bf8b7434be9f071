/* eslint no-template-curly-in-string: off -- the texts are pieces of source. */
import { caughtByOne } from './caught-by.ts'

const ofKeys = caughtByOne({ name: 'verification', source: 'plugin/keys', tests: 'test/keys' })
const ofTokens = caughtByOne({
  name: 'verification', source: 'plugin/tokens', tests: 'test/tokens'
})

export const verificationMutations = [
  ...ofKeys('signatures.ts', 'signatures.ts',
    [
      'each algorithm has its hash', '`sha${algorithm.slice(2)}`', "'sha256'"
    ],
    [
      'an HMAC of another length is refused without a throw',
      'signature.length === expected.length && timingSafeEqual',
      'timingSafeEqual'
    ],
    [
      'an HMAC that is cut is refused',
      'signature.length === expected.length && timingSafeEqual(signature, expected)',
      'timingSafeEqual(signature, expected.subarray(0, signature.length))'
    ],
    [
      'an HMAC is compared', ' && timingSafeEqual(signature, expected)', ''
    ],
    [
      'a signature of a key pair has its one length',
      'if (signature.length !== length) return false', ''
    ],
    ['OpenSSL may throw', '} catch {\n      return false\n', '} catch {\n      return true\n'],
    ['PSS is not PKCS #1', "algorithm.startsWith('PS') ? PSS : PKCS1", 'PKCS1'],
    ['PKCS #1 is not PSS', "algorithm.startsWith('PS') ? PSS : PKCS1", 'PSS'],
    [
      'the salt of PSS is as long as the hash', 'constants.RSA_PSS_SALTLEN_DIGEST',
      'constants.RSA_PSS_SALTLEN_AUTO'
    ],
    ['the length of RSA is rounded up', 'Math.ceil(bits / 8)', 'bits >> 3'],
    ['ECDSA is converted to DER', ', toOpenSsl: ecdsaToDer', ''],
    ['P-521 has numbers of 66 bytes', "'P-521': 132", "'P-521': 130"],
    ['OpenSSL decides', 'return verify(hash,', 'return true || verify(hash,']),
  ...ofKeys('ecdsa-der.ts', 'ecdsa-der.ts',
    ['no number is negative', 'SIGN_BIT ? [0] : []', 'SIGN_BIT ? [] : []'],
    [
      'no zero in front', 'bytes.subarray(bytes.findIndex(byte => byte !== 0))', 'bytes'
    ],
    [
      'a long signature has a long length', 'length < LONG_FORM ? [SEQUENCE, length]',
      'length < 2 * LONG_FORM ? [SEQUENCE, length]'
    ]),
  ...ofKeys('key-ring.ts', 'key-ring.ts',
    [
      'a key verifies its own algorithm alone',
      'algorithm === named && isSignature(signed, signature)', 'isSignature(signed, signature)'
    ],
    [
      'the ring looks at the signature', 'algorithm === named && isSignature(signed, signature)',
      'algorithm === named'
    ],
    ['new keys sign from then on', 'sign = key && laterSign(key)', '']),
  ...ofTokens('jwt.ts', 'jwt.ts',
    [
      'no payload is read before its signature is good', ' || !keys.verify(jws)', ''
    ]),
  ...ofTokens('jws.ts', 'jws.ts',
    [
      'the signature covers header and payload', 'signed: token.slice(0, second)',
      'signed: token.slice(first + 1, second)'
    ],
    [
      'a payload is an object', '&&\n      !Array.isArray(value)', ''
    ],
    ['a payload has each name once', '&&\n      !hasDuplicateMembers(bytes, value)', ''])
]
