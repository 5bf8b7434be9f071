import type { FastifySchemaCompiler } from 'fastify'
import { invalidFields } from '../errors.ts'
import { trim } from './trim.ts'

/**
 * The fields of a body, as a JSON schema. A string with the format `password` is taken as it is; all others lose the white
 * space around them.
 */
export interface FieldsSchema {
  type: 'object'
  required: string[]
  properties: Record<string, { type: 'string', format?: 'password', description: string }>
}

/**
 * Checks bodies as Django REST Framework does and says what is wrong in its words. It stands in for the schema compiler in
 * the scope of the token routes, so that nothing is coerced here and the host's own routes keep their ways.
 */
export const compileFields: FastifySchemaCompiler<FieldsSchema> = ({ schema, httpPart }) => {
  if (httpPart !== 'body') return () => true
  return (body: unknown) => {
    if (typeof body !== 'object' || body === null || Array.isArray(body)) return { error: invalidFields({ non_field_errors: [notAnObject(body)] }) }
    const given = body as Record<string, unknown>
    const errors: Record<string, string[]> = {}
    const value: Record<string, string> = {}
    for (const [name, { format }] of Object.entries(schema.properties)) {
      const [text, problems] = readField(Object.hasOwn(given, name) ? given[name] : undefined, format !== 'password')
      if (problems.length > 0) errors[name] = problems
      value[name] = text
    }
    return Object.keys(errors).length > 0 ? { error: invalidFields(errors) } : { value }
  }
}

function readField (value: unknown, isTrimmed: boolean): [text: string, problems: string[]] {
  if (value === undefined) return ['', ['This field is required.']]
  if (value === null) return ['', ['This field may not be null.']]
  if (typeof value !== 'string') return ['', ['Not a valid string.']]
  const text = isTrimmed ? trim(value) : value
  return text === '' ? ['', ['This field may not be blank.']] : [text, forbiddenCharacters(text)]
}

function forbiddenCharacters (text: string): string[] {
  const problems: string[] = []
  if (text.includes('\0')) problems.push('Null characters are not allowed.')
  const surrogate = /\p{Surrogate}/u.exec(text)?.[0]
  if (surrogate !== undefined) problems.push(`Surrogate characters are not allowed: U+${surrogate.charCodeAt(0).toString(16).toUpperCase()}.`)
  return problems
}

/** DRF names the type in Python's words. */
function notAnObject (body: unknown): string {
  if (body === null) return 'No data provided'
  const name = Array.isArray(body) ? 'list' : typeof body === 'string' ? 'str' : typeof body === 'boolean' ? 'bool' : Number.isInteger(body) ? 'int' : 'float'
  return `Invalid data. Expected a dictionary, but got ${name}.`
}
