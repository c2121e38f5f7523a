import type { Section } from '../endpoints/shape.ts';
import type { Components } from './components.ts';
import type { JsonSchema } from './json-schema.ts';

/** Whether a part of an answer may fail alone. */
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
      description: 'Where in this answer: the keys, and the places in lists as text: `["orders", "0", "note"]`.',
    },
    code: { type: 'string' },
    message: { type: 'string' },
  },
  required: ['path', 'code', 'message'],
};

/** Adds `meta`, which lists the sections that failed alone. What is no object has no room for it. */
export function withMeta(answer: JsonSchema, components: Components): JsonSchema {
  if (answer.properties === undefined) return answer;
  const partial = { type: 'array', items: components.define('PartialFailure', FAILURE) };
  const meta = components.define('AnswerMeta', {
    type: 'object',
    description: 'There only where a section failed alone.',
    properties: { partial },
    required: ['partial'],
  });
  return { ...answer, properties: { ...answer.properties, meta } };
}
