import type { Endpoint } from '../endpoints/endpoints.ts';
import type { Components } from './components.ts';
import type { JsonSchema } from './json-schema.ts';
import { hasOptional } from './partial.ts';
import { needsCredential } from './security.ts';

const ENTRY: JsonSchema = {
  type: 'object',
  description:
    'One thing that is wrong: with a parameter, which has `parameter`, `in` and `expected` (and `given`, which is any ' +
    'JSON), or within the answer, which has `path`, `code` and `message`.',
  properties: {
    parameter: { type: 'string', description: 'The name of a parameter, or the path to a place within it.' },
    in: { type: 'string', description: 'Where the parameter is given: path, query, header or body.' },
    expected: { type: 'string' },
    path: { type: 'array', items: { type: 'string' }, description: 'Where in the answer: keys and places in lists.' },
    code: { type: 'string' },
    message: { type: 'string' },
  },
};

/**
 * Adds what every answer that is not good looks like.
 * @see https://www.rfc-editor.org/rfc/rfc9457
 */
export function defineProblem(components: Components): JsonSchema {
  return components.define('Problem', {
    type: 'object',
    description: 'What went wrong (RFC 9457).',
    properties: {
      type: { type: 'string', format: 'uri', description: 'Names the kind of problem.' },
      title: { type: 'string' },
      status: { type: 'integer' },
      detail: { type: 'string' },
      instance: { type: 'string', description: 'The path that was asked for.' },
      errors: { type: 'array', items: components.define('ProblemEntry', ENTRY) },
    },
    required: ['type', 'title', 'status'],
  });
}

type Json = Readonly<Record<string, unknown>>;

/** The problems that an endpoint can answer with, by status. */
export function problemResponses(endpoint: Endpoint): Record<string, Json> {
  const given = endpoint.parameters.some((parameter) => parameter.in !== 'claim');
  const secured = needsCredential(endpoint);
  const hasBody = endpoint.parameters.some((parameter) => parameter.in === 'body');
  const keyed = endpoint.idempotency !== undefined;
  const all: readonly (readonly [boolean, number | 'default', string])[] = [
    [given || keyed, 400, 'A parameter is missing, unknown or of another type: `errors` names each one.'],
    [secured, 401, 'There is no credential, or it does not hold.'],
    [secured, 403, 'The credential does not allow this.'],
    [endpoint.entityKeys.length > 0, 404, 'There is no such thing.'],
    [keyed, 409, 'The first request with this Idempotency-Key is still being worked on.'],
    [hasBody, 413, 'The body is too large.'],
    [hasBody, 415, 'The body is not JSON.'],
    [keyed, 422, 'This Idempotency-Key was used with other parameters.'],
    [true, 429, 'There were too many requests: see `Retry-After`.'],
    [true, 502, failed(endpoint, 'failed')],
    [true, 503, 'The endpoint cannot be served just now.'],
    [true, 504, failed(endpoint, 'was too slow')],
    // statuses of services are many, and not every generator knows what "4XX" is
    [
      true,
      'default',
      'Something else is wrong: a service behind this endpoint refuses the request, or the gateway fails.',
    ],
  ];
  return Object.fromEntries(
    all.filter(([there]) => there).map(([, status, description]) => [String(status), response(description)]),
  );
}

function failed(endpoint: Endpoint, how: string): string {
  const rest = hasOptional(endpoint.sections) ? ', and what it was asked for is not optional' : '';
  return `A service behind this endpoint ${how}${rest}.`;
}

function response(description: string): Json {
  return { description, content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } };
}
