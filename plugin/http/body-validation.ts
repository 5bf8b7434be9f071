import type { FastifySchemaCompiler } from 'fastify'
import { invalidFields } from '../errors.ts'

/** A field of a body, as a JSON schema. `maxLength` is in characters, not in UTF-16 units. */
export interface FieldSchema {
  type: 'string'
  format?: 'password'
  maxLength?: number
  description: string
}

/**
 * The fields of a body, as a JSON schema. Validation trims each string, except one with the format
 * `password`.
 */
export interface FieldsSchema {
  type: 'object'
  required: string[]
  properties: Record<string, FieldSchema>
}

/**
 * Validates bodies as Django REST Framework does, with its messages. Replaces the schema compiler
 * in the scope of the token routes: nothing is coerced there, and the host's routes are unaffected.
 */
export const compileFields: FastifySchemaCompiler<FieldsSchema> = ({ schema, httpPart }) =>
  httpPart === 'body' ? (body: unknown) => validateBody(schema, body) : () => true

type Validated = { error: Error } | { value: Record<string, string> }

function validateBody (schema: FieldsSchema, body: unknown): Validated {
  const problem = notAnObject(body)
  if (problem !== undefined) return { error: invalidFields({ non_field_errors: [problem] }) }
  const { value, errors } = readFields(schema.properties, body as object, schema.required)
  return Object.keys(errors).length > 0 ? { error: invalidFields(errors) } : { value }
}

/** The fields of a body, and the problems of each that has some. */
interface ReadFields { value: Record<string, string>, errors: Record<string, string[]> }

/** Reads the fields of a body. Default: each of them is required. */
export function readFields (
  fields: FieldsSchema['properties'], body: object, required = Object.keys(fields)
): ReadFields {
  const errors: Record<string, string[]> = {}
  const value: Record<string, string> = {}
  for (const [name, field] of Object.entries(fields)) {
    const member = ownMember(body, name)
    if (member === undefined && !required.includes(name)) continue
    const [text, problems] = readField(member, field)
    if (problems.length > 0) errors[name] = problems
    value[name] = text
  }
  return { value, errors }
}

export const ownMember = (body: object, name: string): unknown =>
  Object.hasOwn(body, name) ? (body as Record<string, unknown>)[name] : undefined

/** Returns the trimmed text of a field, or its problems. */
export function readField (
  value: unknown, { format, maxLength = Infinity }: Pick<FieldSchema, 'format' | 'maxLength'>
): [text: string, problems: string[]] {
  if (value === undefined) return ['', ['This field is required.']]
  if (value === null) return ['', ['This field may not be null.']]
  if (typeof value !== 'string') return ['', ['Not a valid string.']]
  // A character has at most two UTF-16 units. A longer text is not read at all.
  if (value.length > 2 * maxLength) return ['', [tooLong(maxLength)]]
  const text = format === 'password' ? value : trim(value)
  if (text === '') return ['', ['This field may not be blank.']]
  const problems = forbiddenCharacters(text)
  return [text, hasMore(text, maxLength) ? [tooLong(maxLength), ...problems] : problems]
}

const tooLong = (maxLength: number): string =>
  `Ensure this field has no more than ${maxLength} characters.`

/** Returns whether a text has more characters. Python counts code points, so this does. */
const hasMore = (text: string, characters: number): boolean =>
  text.length > characters && [...text].length > characters

function forbiddenCharacters (text: string): string[] {
  const problems: string[] = []
  if (text.includes('\0')) problems.push('Null characters are not allowed.')
  const surrogate = /\p{Surrogate}/u.exec(text)?.[0]
  if (surrogate !== undefined) {
    const code = surrogate.charCodeAt(0).toString(16).toUpperCase()
    problems.push(`Surrogate characters are not allowed: U+${code}.`)
  }
  return problems
}

/** Django REST Framework names the type in Python's words. */
export function notAnObject (body: unknown): string | undefined {
  if (body === null) return 'No data provided'
  if (typeof body === 'object' && !Array.isArray(body)) return undefined
  return `Invalid data. Expected a dictionary, but got ${pythonType(body)}.`
}

function pythonType (value: unknown): string {
  if (Array.isArray(value)) return 'list'
  if (typeof value === 'string') return 'str'
  if (typeof value === 'boolean') return 'bool'
  return Number.isInteger(value) ? 'int' : 'float'
}

/**
 * White space as in Python's `str.strip()`: JavaScript's `\s` without the byte order mark, plus the
 * separators of ASCII and Latin-1.
 */
const isSpace = (character: string): boolean =>
  (/\s/.test(character) && character !== '\ufeff') || '\x1c\x1d\x1e\x1f\x85'.includes(character)

/** A regular expression takes quadratic time to find the end, so this loops by hand. */
export function trim (text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isSpace(text.charAt(start))) start++
  while (end > start && isSpace(text.charAt(end - 1))) end--
  return text.slice(start, end)
}
