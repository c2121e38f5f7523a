import type { GraphQLSchema } from 'graphql';
import type { Endpoint } from '../endpoints/endpoints.ts';
import type { Parameter } from '../endpoints/parameters.ts';
import { parametersOf as parametersOfRoute, routeKey } from '../endpoints/route.ts';
import { type AcceptedCredentials, TOKENS_ONLY } from '../handlers/challenge.ts';
import { commentOf, exampleRequest } from './comment.ts';
import { Components } from './components.ts';
import { deprecationOf, isIncluded } from './deprecation.ts';
import { type DocumentSettings, infoAndServers } from './document-settings.ts';
import { exampleOf } from './example.ts';
import { type JsonSchema, parameterSchema } from './json-schema.ts';
import { compareTexts, operationIdsOf, typePrefixOf } from './names.ts';
import { parametersOf } from './parameters.ts';
import { defineProblem, problemResponses } from './problems.ts';
import { responseSchema } from './response-schema.ts';
import { type SecurityContext, securityOf, securitySchemesOf } from './security.ts';

type Json = Readonly<Record<string, unknown>>;

const PREFIX = '#/components/schemas/';

/** Options of an OpenAPI document. */
export interface DocumentOptions {
  /** Client of the endpoints; `undefined`: all clients. */
  readonly client?: string | undefined;
  readonly acceptedCredentials?: AcceptedCredentials;
  readonly settings?: DocumentSettings;
}

/** What the operations of one document share. */
interface DocumentContext extends SecurityContext {
  readonly schema: GraphQLSchema;
  readonly components: Components;
  readonly ids: ReadonlyMap<string, string>;
}

/**
 * Returns the OpenAPI 3.1 document of endpoints.
 * @see https://spec.openapis.org/oas/v3.1.1.html
 */
export function openApiOf(all: readonly Endpoint[], schema: GraphQLSchema, options: DocumentOptions): Json {
  const { client, acceptedCredentials = TOKENS_ONLY, settings = {} } = options;
  const endpoints = all
    .filter((endpoint) => isIncluded(endpoint) && (client === undefined || endpoint.client === client))
    .sort((a, b) => compareTexts(a.id, b.id));
  const components = new Components(PREFIX, schema);
  defineProblem(components);
  const ids = operationIdsOf(endpoints, client === undefined);
  const context = { schema, components, ids, acceptedCredentials, settings, ofOneClient: client !== undefined };
  const paths = pathsOf(endpoints, context);
  const securitySchemes = securitySchemesOf(endpoints, context);
  const clientSettings = (client !== undefined && endpoints[0]?.settings.openapi) || {};
  return {
    openapi: '3.1.0',
    ...infoAndServers(client, settings, clientSettings),
    ...(settings.security && { security: settings.security }),
    tags: [...new Set(endpoints.map((endpoint) => endpoint.client))].sort().map(tagOf),
    paths,
    components: {
      schemas: Object.fromEntries([...components.schemas].sort(([a], [b]) => compareTexts(a, b))),
      ...(Object.keys(securitySchemes).length > 0 && { securitySchemes }),
    },
  };
}

function tagOf(name: string): Json {
  return { name, description: `Endpoints of the client "${name}".` };
}

/** Returns the paths. Paths that only differ in parameter names are one path, with the names of its first endpoint. */
function pathsOf(endpoints: readonly Endpoint[], context: DocumentContext): Json {
  const templates = new Map<string, Endpoint>();
  const items: [string, string, Json][] = endpoints.map((endpoint) => {
    const key = `${endpoint.client} ${routeKey(endpoint.route)}`;
    const first = templates.get(key) ?? endpoint;
    templates.set(key, first);
    const names = parametersOfRoute(first.route);
    const pathName = (name: string) => names[parametersOfRoute(endpoint.route).indexOf(name)] ?? name;
    return [templateOf(first), endpoint.method.toLowerCase(), operationOf(endpoint, pathName, context)];
  });
  const paths: Record<string, Record<string, Json>> = {};
  for (const [path, method, operation] of items.sort(([a], [b]) => compareTexts(a, b))) {
    paths[path] = { ...paths[path], [method]: operation };
  }
  return paths;
}

function templateOf({ path }: Endpoint): string {
  return path.replaceAll(/:(\w+)/g, '{$1}');
}

function operationOf(endpoint: Endpoint, pathName: (name: string) => string, context: DocumentContext): Json {
  const { components, schema } = context;
  const id = context.ids.get(endpoint.id) ?? endpoint.name;
  const resolve = (one: JsonSchema) => components.resolve(one);
  const response = responseSchema(endpoint, schema, components, id);
  const isSubscription = endpoint.label.type === 'subscription';
  const example = exampleRequest(endpoint);
  const body = endpoint.parameters.filter((parameter) => parameter.in === 'body');
  const parameters = parametersOf(endpoint.parameters, { components, pathName, given: example.values });
  if (endpoint.idempotency) parameters.push(idempotencyKey(endpoint.idempotency.required));
  const security = securityOf(endpoint, context);
  return {
    operationId: id,
    tags: [endpoint.client],
    ...documentationOf(endpoint),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body.length === 0 ? {} : { requestBody: bodyOf(body, example.body, id, components) }),
    responses: {
      [String(endpoint.status)]: isSubscription
        ? eventsOf(response)
        : {
            description: 'The response.',
            headers: endpoint.method === 'GET' ? { ETag: { schema: { type: 'string' } } } : {},
            content: { 'application/json': { schema: response, example: exampleOf(response, endpoint.name, resolve) } },
          },
      ...problemResponses(endpoint),
    },
    ...(security === undefined ? {} : { security }),
  };
}

/** Returns the stream of a subscription. Version 3.1 has no words for the events of a stream, so the schema is that of their data. */
function eventsOf(data: JsonSchema): Json {
  const description =
    'Server-sent events. The schema is that of the data of each `next` event. A `problem` event is in place of an event ' +
    'without data, and `failed` is before an early end: the data of both are a `Problem`. Before an event, `missed` says that ' +
    'others may be missing. `done` is the last event; without it, connect again.';
  return { description, content: { 'text/event-stream': { schema: data } } };
}

/** Returns the documentation from the comment of the file, else from the file's name. */
function documentationOf(endpoint: Endpoint): Json {
  const comment = commentOf(endpoint.document);
  const summary = comment?.summary ?? nameInWords(endpoint.name);
  const deprecation = deprecationOf(endpoint);
  const description = [comment?.text ?? summary, deprecation].filter((text) => text !== undefined).join('\n\n');
  return { summary, description, ...(deprecation === undefined ? {} : { deprecated: true }) };
}

/** Converts `place-order` to `Place order`. */
function nameInWords(name: string): string {
  const words = name.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2').split(/[^0-9A-Za-z]+/);
  const text = words.join(' ').trim().toLowerCase();
  return text === '' ? name : text.slice(0, 1).toUpperCase() + text.slice(1);
}

function bodyOf(parameters: readonly Parameter[], given: unknown, id: string, components: Components): Json {
  const properties = parameters.map((parameter) => [parameter.name, parameterSchema(parameter, components)]);
  const schema = components.define(components.claim(`${typePrefixOf(id)}Body`), {
    type: 'object',
    properties: Object.fromEntries(properties),
    required: parameters.filter(({ required }) => required).map(({ name }) => name),
    additionalProperties: false,
  });
  const example = given ?? exampleOf(schema, '', (one) => components.resolve(one));
  return {
    required: parameters.some(({ required }) => required),
    content: { 'application/json': { schema, example } },
  };
}

function idempotencyKey(required: boolean): Json {
  return {
    name: 'Idempotency-Key',
    in: 'header',
    required,
    description: 'A unique value for each operation. Retries with the same value get the first response.',
    schema: { type: 'string', minLength: 1, maxLength: 255 },
  };
}
