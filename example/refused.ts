/** The schema of a guard's refusal. */
export const refused = (description: string) => ({
  description,
  type: 'object',
  properties: { detail: { type: 'string' }, code: { type: 'string' } },
  additionalProperties: true,
  examples: [{ detail: 'Authentication credentials were not provided.' }]
})
