import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyRequest, RequestPayload } from 'fastify'
import { badRequest, parseError } from '../errors.ts'
import { type StreamParser, hostParser } from './host-parser.ts'

/** The content types that the token routes read. */
export const JSON_TYPE = 'application/json'
export const FORM_TYPE = 'application/x-www-form-urlencoded'

/**
 * Takes a body that the platform read before Fastify could (Google Cloud Functions, Firebase,
 * Express): `request.raw.rawBody`, else `request.raw.body`, else what a parser of the host finds.
 * The parsers of the scope read it as they read the network.
 * @param limit of a body, in bytes
 */
export function takeEarlyBodies (
  scope: FastifyInstance, host: FastifyInstance, limit: number
): void {
  scope.addHook('preParsing', (request, _reply, payload, done) => {
    const type = mediaType(request)
    const isUntouched = isReadable(payload) && !('body' in request.raw || 'rawBody' in request.raw)
    if (isUntouched || type === undefined || BODYLESS.has(request.method)) {
      return done(null, payload)
    }
    bodyOf(request, payload, hostParser(host, type) ?? refuseSpentStream)
      .then(body => body === payload ? payload : asPayload(body, type, request, limit))
      .then(payload => { done(null, payload) }, done)
  })
}

/** Fastify parses no bodies of these methods. */
const BODYLESS = new Set(['GET', 'HEAD'])

/** Returns the content type if the token routes read it. */
function mediaType ({ headers }: FastifyRequest): string | undefined {
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  return type === JSON_TYPE || type === FORM_TYPE ? type : undefined
}

const isReadable = (payload: RequestPayload): boolean =>
  !payload.readableEnded && !payload.destroyed

/** Returns the payload itself if Fastify can read it. Otherwise the body: bytes, text or parsed. */
async function bodyOf (
  request: FastifyRequest, payload: RequestPayload, parse: StreamParser
): Promise<unknown> {
  const early = earlyBody(request)
  if (isReadable(payload) && isEmpty(early)) return payload
  if (early !== undefined) return early
  if (!payload.readableEnded) throw badRequest(400, 'Request body was cut short')
  // Only the POST routes need a body.
  return request.method === 'POST' && announcesBody(request) ? parsedBy(parse, request) : ''
}

/** @throws SimpleJwtError 400 if a getter throws: on Vercel `body` does so for bad JSON */
function earlyBody ({ raw }: FastifyRequest): unknown {
  try {
    const { rawBody, body } = raw as { rawBody?: unknown, body?: unknown }
    if (isText(rawBody)) return rawBody
    // Some platforms leave a stream here. Fastify has it too.
    const isStream = typeof (body as { pipe?: unknown } | null | undefined)?.pipe === 'function'
    return isStream || body === null ? undefined : body
  } catch {
    throw parseError('The body is not valid JSON.')
  }
}

const isText = (body: unknown): body is string | Uint8Array =>
  typeof body === 'string' || body instanceof Uint8Array

/** Express 4 sets an empty object for a body that it has not read. */
function isEmpty (early: unknown): boolean {
  if (early === undefined) return true
  return isText(early) ? early.length === 0 : Object.keys(early as object).length === 0
}

function announcesBody ({ headers }: FastifyRequest): boolean {
  const { 'transfer-encoding': encoding, 'content-length': length } = headers
  return encoding !== undefined || (length !== undefined && length !== '0')
}

/** Returns a stream of the body. Fastify checks its length as it does for any stream. */
function asPayload (
  body: unknown, type: string, { headers }: FastifyRequest, limit: number
): RequestPayload {
  const length = Number(headers['content-length'] ?? 0)
  // Fastify refuses such a length unread, so the body may be left out.
  const text = length > limit ? '' : textOf(body, type)
  const payload: RequestPayload = Readable.from([Buffer.from(text as string)])
  // Content-Length counts the bytes that the platform read, and these may be others.
  return Object.assign(payload, { receivedEncodedLength: length })
}

function textOf (body: unknown, type: string): string | Uint8Array {
  if (isText(body)) return body
  if (body instanceof URLSearchParams) return body.toString()
  return type === JSON_TYPE ? asJson(body) : asForm(Object(body))
}

const asJson = (value: unknown): string =>
  JSON.stringify(value, (_name, member: unknown) =>
    typeof member === 'bigint' ? Number(member) : member) ?? ''

/** Keeps each value of a repeated field, in order. Leaves out a field that ends in no text. */
function asForm (fields: Record<string, unknown>): string {
  const texts = Object.entries(fields).flatMap(([name, value]): [string, string][] => {
    const values = [value].flat()
    return typeof values.at(-1) === 'string' ? values.map(each => [name, String(each)]) : []
  })
  return new URLSearchParams(texts).toString()
}

const parsedBy = (parse: StreamParser, request: FastifyRequest): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const result = parse(request, request.raw, (error, body) => {
      if (error) reject(error)
      else resolve(body)
    })
    if (result !== undefined) resolve(result)
  })

/** Waiting for the end of a stream that has ended would never answer. */
function refuseSpentStream (): never {
  throw new Error('fastify-simplejwt: the body of the request was read before Fastify could. ' +
    'Leave it in request.raw.rawBody or request.raw.body.')
}
