import type { Section } from '../endpoints/shape.ts';
import type { Components } from './components.ts';
import type { JsonSchema } from './json-schema.ts';

/** Returns whether a section, or a section in it, is optional. */
export function hasOptional(section: Section): boolean {
  if (section.optional !== undefined) return true;
  return [...section.children.values()].some(hasOptional);
}

const FAILURE: JsonSchema = {
  type: 'object',
  description: 'A section that failed alone.',
  properties: {
    path: {
      type: 'array',
      items: { type: 'string' },
      description: 'Path in this response: keys, and list indexes as strings: `["orders", "0", "note"]`.',
    },
    code: { type: 'string' },
    message: { type: 'string' },
  },
  required: ['path', 'code', 'message'],
};

/** Adds `meta`, which lists the sections that failed alone, to the schema of an object. Other schemas are unchanged. */
export function withMeta(response: JsonSchema, components: Components): JsonSchema {
  if (response.properties === undefined) return response;
  const partial = { type: 'array', items: components.define('PartialFailure', FAILURE) };
  const meta = components.define('AnswerMeta', {
    type: 'object',
    description: 'Only present if a section failed alone.',
    properties: { partial },
    required: ['partial'],
  });
  return { ...response, properties: { ...response.properties, meta } };
}
