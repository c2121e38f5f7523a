import type { Endpoint } from '../endpoints/endpoints.ts';
import type { Components } from './components.ts';
import type { JsonSchema } from './json-schema.ts';
import { hasOptional } from './partial.ts';
import { needsCredential } from './security.ts';

const ENTRY: JsonSchema = {
  type: 'object',
  description:
    'One error: in a parameter, with `parameter`, `in` and `expected` (and `given`, which is any ' +
    'JSON), or in the response, with `path`, `code` and `message`.',
  properties: {
    parameter: { type: 'string', description: 'Name of a parameter, or path within it.' },
    in: { type: 'string', description: 'Location of the parameter: path, query, header or body.' },
    expected: { type: 'string' },
    path: { type: 'array', items: { type: 'string' }, description: 'Path in the response: keys and list indexes.' },
    code: { type: 'string' },
    message: { type: 'string' },
  },
};

/**
 * Adds the schema of error responses.
 * @see https://www.rfc-editor.org/rfc/rfc9457
 */
export function defineProblem(components: Components): JsonSchema {
  return components.define('Problem', {
    type: 'object',
    description: 'Problem details (RFC 9457).',
    properties: {
      type: { type: 'string', format: 'uri', description: 'Kind of problem.' },
      title: { type: 'string' },
      status: { type: 'integer' },
      detail: { type: 'string' },
      instance: { type: 'string', description: 'The requested path.' },
      errors: { type: 'array', items: components.define('ProblemEntry', ENTRY) },
    },
    required: ['type', 'title', 'status'],
  });
}

type Json = Readonly<Record<string, unknown>>;

/** Returns the error responses of an endpoint by status. */
export function problemResponses(endpoint: Endpoint): Record<string, Json> {
  const given = endpoint.parameters.some((parameter) => parameter.in !== 'claim');
  const secured = needsCredential(endpoint);
  const hasBody = endpoint.parameters.some((parameter) => parameter.in === 'body');
  const keyed = endpoint.idempotency !== undefined;
  const all: readonly (readonly [boolean, number | 'default', string])[] = [
    [given || keyed, 400, 'A parameter is missing, unknown or has the wrong type: `errors` lists all of them.'],
    [secured, 401, 'The credential is missing or invalid.'],
    [secured, 403, 'The credential does not allow this request.'],
    [endpoint.entityKeys.length > 0, 404, 'The resource was not found.'],
    [endpoint.label.type === 'subscription', 406, 'The client does not accept `text/event-stream`.'],
    [keyed, 409, 'The first request with this Idempotency-Key is still in progress.'],
    [hasBody, 413, 'The body is too large.'],
    [hasBody, 415, 'The body is not JSON.'],
    [keyed, 422, 'This Idempotency-Key was already used with other parameters.'],
    [true, 429, 'Too many requests: see `Retry-After`.'],
    [true, 502, failed(endpoint, 'failed')],
    [true, 503, 'The endpoint is unavailable right now.'],
    [true, 504, failed(endpoint, 'was too slow')],
    // services have many statuses, and not every generator supports "4XX"
    [true, 'default', 'Any other error: a service behind this endpoint rejected the request, or the gateway failed.'],
  ];
  return Object.fromEntries(
    all.filter(([applies]) => applies).map(([, status, description]) => [String(status), response(description)]),
  );
}

function failed(endpoint: Endpoint, how: string): string {
  const rest = hasOptional(endpoint.sections) ? ' in a section that is not optional' : '';
  return `A service behind this endpoint ${how}${rest}.`;
}

function response(description: string): Json {
  return { description, content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } };
}
