import type { GraphQLSchema } from 'graphql';
import { parseJson } from '../../shared/exact-json.ts';
import type { Endpoint } from '../endpoints/endpoints.ts';
import type { Parameter } from '../endpoints/parameters.ts';
import { answerSchema } from './answer-schema.ts';
import { commentOf, exampleRequest } from './comment.ts';
import { exampleOf } from './example.ts';
import { Components, type JsonSchema, parameterSchema } from './json-schema.ts';
import { PROBLEM_SCHEMA, problemResponses } from './problems.ts';
import { deprecationOf, isServed } from './standing.ts';

type Json = Readonly<Record<string, unknown>>;

const PREFIX = '#/components/schemas/';

/**
 * The endpoints as OpenAPI 3.1.
 * @param client those of one client; of all without it
 * @see https://spec.openapis.org/oas/v3.1.1.html
 */
export function openApiOf(all: readonly Endpoint[], schema: GraphQLSchema, client: string | undefined): Json {
  const components = new Components(PREFIX);
  const endpoints = all.filter(
    (endpoint) => isServed(endpoint) && (client === undefined || endpoint.client === client),
  );
  const paths: Record<string, Record<string, Json>> = {};
  for (const endpoint of [...endpoints].sort((a, b) => a.path.localeCompare(b.path))) {
    const path = endpoint.path.replaceAll(/:(\w+)/g, '{$1}');
    const item = paths[path] ?? {};
    paths[path] = item;
    item[endpoint.method.toLowerCase()] = operationOf(endpoint, schema, components, client === undefined);
  }
  const kinds = new Set(endpoints.flatMap(({ auth }) => [...(auth?.kinds ?? [])]));
  const secured = endpoints.some(({ auth }) => auth !== undefined);
  return {
    openapi: '3.1.0',
    info: {
      title: client === undefined ? 'Endpoints' : `Endpoints of ${client}`,
      version: '1',
      description: 'Written by Headgate from the documents in bff/.',
    },
    servers: [{ url: '/' }],
    tags: [...new Set(endpoints.map((endpoint) => endpoint.client))].sort().map((name) => ({ name })),
    paths,
    components: {
      schemas: { Problem: PROBLEM_SCHEMA, ...Object.fromEntries([...components.schemas].sort()) },
      ...(secured ? { securitySchemes: securitySchemes(kinds) } : {}),
    },
  };
}

function securitySchemes(kinds: ReadonlySet<string>): Json {
  const bearer = { bearer: { type: 'http', scheme: 'bearer' } };
  return kinds.has('api_key') ? { ...bearer, apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' } } : bearer;
}

function operationOf(endpoint: Endpoint, schema: GraphQLSchema, components: Components, named: boolean): Json {
  const resolve = (ref: string) => components.schemas.get(ref.slice(PREFIX.length));
  const answer = answerSchema(endpoint, schema, components);
  const comment = commentOf(endpoint.document);
  const example = exampleRequest(endpoint);
  const body = endpoint.parameters.filter((parameter) => parameter.in === 'body');
  const parameters = endpoint.parameters.flatMap((parameter) =>
    parameterOf(parameter, example.values, components, resolve),
  );
  if (endpoint.idempotency) parameters.push(idempotencyKey(endpoint.idempotency.required));
  const deprecation = deprecationOf(endpoint);
  const about = [comment?.text, deprecation].filter((text) => text !== undefined).join('\n\n');
  return {
    operationId: operationIdOf(endpoint, named),
    tags: [endpoint.client],
    ...(comment === undefined ? {} : { summary: comment.summary }),
    ...(about === '' ? {} : { description: about }),
    ...(deprecation === undefined ? {} : { deprecated: true }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body.length === 0 ? {} : { requestBody: bodyOf(body, example.body, components, resolve) }),
    responses: {
      [String(endpoint.status)]: {
        description: 'The answer.',
        headers: endpoint.method === 'GET' ? { ETag: { schema: { type: 'string' } } } : {},
        content: { 'application/json': { schema: answer, example: exampleOf(answer, endpoint.name, resolve) } },
      },
      ...problemResponses(endpoint),
    },
    ...(endpoint.auth ? { security: securityOf(endpoint.auth) } : {}),
  };
}

/** `mobileDashboard`, or `dashboard` where the client need not be told; `dashboardV2` of a version. */
export function operationIdOf(
  { client, version, name }: Pick<Endpoint, 'client' | 'version' | 'name'>,
  named: boolean,
) {
  const words = [named ? client : '', name, version ?? '']
    .join(' ')
    .split(/[^0-9A-Za-z]+/)
    .filter((word) => word !== '');
  const id = words
    .map((word, index) => (index === 0 ? word[0]?.toLowerCase() : word[0]?.toUpperCase()) + word.slice(1))
    .join('');
  return /^\d/.test(id) ? `_${id}` : id;
}

function parameterOf(
  parameter: Parameter,
  given: ReadonlyMap<string, string>,
  components: Components,
  resolve: (ref: string) => JsonSchema | undefined,
): Json[] {
  const { name, in: place, required } = parameter;
  if (place === 'body' || place === 'claim') return [];
  const schema = parameterSchema(parameter, components);
  const isJson = schema.$ref !== undefined && resolve(schema.$ref)?.type === 'object';
  return [
    {
      name,
      in: place,
      required: place === 'path' || required,
      ...(isJson ? { content: { 'application/json': { schema } } } : { schema }),
      ...(isJson ? {} : { example: givenExample(given.get(name), schema) ?? exampleOf(schema, name, resolve) }),
    },
  ];
}

/** A text of a URL as what it stands for. */
function givenExample(text: string | undefined, { type }: JsonSchema): unknown {
  if (text === undefined || type === 'array') return undefined;
  return type === 'integer' || type === 'number' ? exampleNumber(text) : type === 'boolean' ? text === 'true' : text;
}

/** A number with its digits, where the text is one as JSON has it. */
function exampleNumber(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return Number(text);
  }
}

function bodyOf(
  parameters: readonly Parameter[],
  given: unknown,
  components: Components,
  resolve: (ref: string) => JsonSchema | undefined,
): Json {
  const schema: JsonSchema = {
    type: 'object',
    properties: Object.fromEntries(
      parameters.map((parameter) => [parameter.name, parameterSchema(parameter, components)]),
    ),
    required: parameters.filter(({ required }) => required).map(({ name }) => name),
    additionalProperties: false,
  };
  return {
    required: parameters.some(({ required }) => required),
    content: { 'application/json': { schema, example: given ?? exampleOf(schema, '', resolve) } },
  };
}

function idempotencyKey(required: boolean): Json {
  return {
    name: 'Idempotency-Key',
    in: 'header',
    required,
    description: 'A text of your choice, new for each thing to be done: repetitions with it get the first answer.',
    schema: { type: 'string', minLength: 1, maxLength: 255 },
  };
}

function securityOf(auth: NonNullable<Endpoint['auth']>): Json[] {
  const bearer: Json = { bearer: [...auth.scopes] };
  const schemes = auth.kinds?.has('api_key') ? [bearer, { apiKey: [] }] : [bearer];
  return auth.required ? schemes : [{}, ...schemes];
}
