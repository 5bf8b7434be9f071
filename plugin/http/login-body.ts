import fastify, { type FastifySchemaCompiler } from 'fastify'
import { invalidFields } from '../errors.ts'
import { refuse } from '../option-checks.ts'
import { type FieldsSchema, notAnObject, ownMember, readFields } from './body-validation.ts'
import type { LoginFields } from './login-fields.ts'
import { withoutPrototypes } from './prototypes.ts'

/** Returns the problem of a value, or undefined. */
type FieldCheck = (value: unknown) => string | undefined

/**
 * Builds the validator of the login body. It checks the login field and the password like the
 * fields of other bodies, and each further field by its schema. It changes no other member.
 * @throws TypeError that names a field whose schema cannot be compiled
 */
export async function compileLoginBody (
  fields: FieldsSchema['properties'], more: LoginFields
): Promise<FastifySchemaCompiler<unknown>> {
  const checks = await compileChecks(more)
  const validateBody = (body: unknown) => {
    const problem = notAnObject(body)
    if (problem !== undefined) return { error: invalidFields({ non_field_errors: [problem] }) }
    const given = withoutPrototypes(body) as Record<string, unknown>
    const { value, errors } = readFields(fields, given)
    for (const [name, check] of checks) {
      const schema = more[name] as Record<string, unknown>
      if (ownMember(given, name) === undefined && 'default' in schema) {
        given[name] = structuredClone(schema.default)
        continue
      }
      const problem = check(ownMember(given, name))
      if (problem !== undefined) errors[name] = [problem]
    }
    return Object.keys(errors).length > 0
      ? { error: invalidFields(errors) }
      : { value: { ...given, ...value } }
  }
  return ({ httpPart }) => httpPart === 'body' ? validateBody : () => true
}

/** Compiles by Fastify's own compiler, of a private instance: the host's may expect others. */
async function compileChecks (fields: LoginFields): Promise<Map<string, FieldCheck>> {
  const names = Object.keys(fields)
  if (names.length === 0) return new Map()
  const app = fastify({
    ajv: {
      // The members of the body stay as they came.
      customOptions: {
        coerceTypes: false,
        removeAdditional: false,
        useDefaults: false,
        strict: false,
        logger: false
      }
    }
  })
  // Fastify builds the compiler for the first route with a schema.
  app.post('/', { schema: { body: {} } }, async () => {})
  await app.ready()
  const compile = app.validatorCompiler as FastifySchemaCompiler<object>
  return new Map(names.map(name => [name, checkOf(compile, name, fields[name] as object)]))
}

function checkOf (
  compile: FastifySchemaCompiler<object>, name: string, schema: object
): FieldCheck {
  let validate: ReturnType<typeof compile> & { $async?: boolean, errors?: AjvError[] | null }
  try {
    validate = compile({ schema, method: 'POST', url: '/', httpPart: 'body' })
  } catch (error) {
    return refuse(`loginFields.${name}`, `must be a JSON schema: ${(error as Error).message}.`)
  }
  // Its result is a promise, which is truthy.
  if (validate.$async === true) refuse(`loginFields.${name}`, 'must not be asynchronous.')
  return value => {
    if (value === undefined) return 'This field is required.'
    return validate(value) === true ? undefined : problemOf(validate.errors?.[0] as AjvError)
  }
}

interface AjvError { instancePath: string, message?: string }

/** Returns the words of the validator as a sentence, after the path to the member. */
function problemOf ({ instancePath, message }: AjvError): string {
  const path = instancePath === '' ? '' : `${instancePath.slice(1)} `
  const words = `${path}${message}.`
  return words[0]?.toUpperCase() + words.slice(1)
}
