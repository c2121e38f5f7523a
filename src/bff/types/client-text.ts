import type { GraphQLSchema } from 'graphql';
import { stringifyJson } from '../../shared/exact-json.ts';
import type { Endpoint } from '../endpoints/endpoints.ts';
import { mergedParameters, type Parameter } from '../endpoints/parameters.ts';
import { commentOf } from '../openapi/comment.ts';
import { Components } from '../openapi/components.ts';
import { type JsonSchema, parameterSchema } from '../openapi/json-schema.ts';
import { compareTexts, firstFree, operationIdsOf, pascalCase, typePrefixOf } from '../openapi/names.ts';
import { answerSchema } from '../openapi/response-schema.ts';
import { deprecationOf, isIncluded } from '../openapi/standing.ts';
import { MEMBER_NAMES, RESERVED_NAMES, RUNTIME_NAMES } from './module-names.ts';
import { RUNTIME } from './runtime.ts';
import { commentText, propertyText, typeText } from './typescript.ts';

/** The files for one client: a module in TypeScript, and JSON Schema for generators of other languages. */
export interface ClientFiles {
  readonly typescript: string;
  readonly jsonSchema: string;
}

const PREFIX = '#/$defs/';

/** A typed client for the endpoints of one frontend: a function for each, which bundlers leave out where it is not used. */
export function clientFiles(all: readonly Endpoint[], schema: GraphQLSchema, client: string): ClientFiles {
  const components = new Components(PREFIX, schema, RESERVED_NAMES);
  const served = all
    .filter((endpoint) => endpoint.client === client && isIncluded(endpoint))
    .sort((a, b) => compareTexts(a.id, b.id));
  const ids = operationIdsOf(served, false);
  const functions = new Set([...RESERVED_NAMES, ...ids.values()]);
  const endpoints = served.map((endpoint) => {
    const id = ids.get(endpoint.id) ?? endpoint.name;
    return describeType(endpoint, { id, schema, components, functions });
  });
  const types = [...components.schemas].sort(([a], [b]) => compareTexts(a, b));
  const named = types
    .filter(([name]) => !RUNTIME_NAMES.includes(name))
    .map(([name, one]) => `${commentText(one, '')}export type ${name} = ${typeText(one)};\n`);
  return {
    typescript: [header(client), RUNTIME, ...named, ...endpoints].join('\n'),
    jsonSchema: `${stringifyJson(
      { $schema: 'https://json-schema.org/draft/2020-12/schema', $defs: Object.fromEntries(types) },
      2,
    )}\n`,
  };
}

function header(client: string): string {
  return `// The endpoints of "${client}". Written by \`headgate bff types\`: changes here are lost when it runs again.\n`;
}

interface Writing {
  readonly id: string;
  readonly schema: GraphQLSchema;
  readonly components: Components;
  /** Names that no function may have. */
  readonly functions: Set<string>;
}

/** The functions of one endpoint, as text. Its types go to the components. */
function describeType(endpoint: Endpoint, { id, schema, components, functions }: Writing): string {
  const answer = nameOf(answerSchema(endpoint, schema, components, id));
  const properties = propertiesOf(endpoint.parameters);
  const parameters = properties.size === 0 ? undefined : defineParameters(properties, id, components);
  const required = [...properties.values()].some(isNeeded);
  const name = RESERVED_NAMES.includes(id) ? claim(`${id}_`, functions) : id;
  const call = { name, constant: `${name}$`, answer, parameters, required, endpoint };
  const streams = endpoint.method === 'GET' && endpoint.shape === undefined && endpoint.streamed.deferred.length > 0;
  const texts = [constantText(call, properties), functionText(call)];
  if (streams) texts.push(streamText(call, claim(`stream${pascalCase(id)}`, functions)));
  return texts.join('\n');
}

function claim(wished: string, taken: Set<string>): string {
  const name = firstFree(wished, taken);
  taken.add(name);
  return name;
}

function nameOf({ $ref = '' }: JsonSchema): string {
  return $ref.split('/').at(-1) ?? '';
}

function isNeeded({ required, in: place }: Parameter): boolean {
  return required || place === 'path';
}

/** What is given, by the name of its property: that of the parameter, unless another parameter or an option has it. */
function propertiesOf(all: readonly Parameter[]): Map<string, Parameter> {
  const properties = new Map<string, Parameter>();
  for (const parameter of mergedParameters(all)) {
    if (parameter.in === 'claim') continue;
    let name = parameter.name;
    while (properties.has(name) || MEMBER_NAMES.includes(name)) name += '_';
    properties.set(name, parameter);
  }
  return properties;
}

function defineParameters(properties: ReadonlyMap<string, Parameter>, id: string, components: Components): string {
  const entries = [...properties];
  const parameters = {
    type: 'object',
    properties: Object.fromEntries(entries.map(([name, one]) => [name, givenSchema(one, components)])),
    required: entries.filter(([, one]) => isNeeded(one)).map(([name]) => name),
  };
  return nameOf(components.define(components.claim(`${typePrefixOf(id)}Parameters`), parameters));
}

/** The generated function writes JSON where a parameter is JSON, so that it is given what the JSON says. */
function givenSchema(parameter: Parameter, components: Components): JsonSchema {
  const schema = parameterSchema(parameter, components);
  const { contentSchema } = schema.items ?? {};
  return contentSchema === undefined ? schema : { ...schema, items: contentSchema };
}

interface Call {
  readonly name: string;
  readonly constant: string;
  /** The type of its answer. */
  readonly answer: string;
  /** The type of its parameters, where it has any. */
  readonly parameters: string | undefined;
  /** Whether there are parameters that it cannot go without. */
  readonly required: boolean;
  readonly endpoint: Endpoint;
}

function constantText({ constant, endpoint }: Call, properties: ReadonlyMap<string, Parameter>): string {
  const places = [...properties].map(([property, { in: place, name }]) => {
    return `${propertyText(property)}: ['${place}', ${JSON.stringify(name)}]`;
  });
  const needsKey = endpoint.idempotency?.required ? ', needsKey: true' : '';
  const path = endpoint.path.replaceAll(/:(\w+)/g, '{$1}');
  const inner = places.length === 0 ? '{}' : `{ ${places.join(', ')} }`;
  return `const ${constant}: $Endpoint = { method: '${endpoint.method}', path: '${path}', places: ${inner}${needsKey} };\n`;
}

function functionText(call: Call): string {
  const { name, constant, answer, required, endpoint } = call;
  const result = `Promise<Result<${answer}>>`;
  const given = givenType(call, 'CallOptions');
  const about = aboutText(endpoint, commentOf(endpoint.document)?.text);
  const body = `  return $call(${constant}, given, options);\n}\n`;
  if (!endpoint.idempotency?.required) {
    const byDefault = required ? '' : ' = {}';
    return `${about}export function ${name}(given: ${given}${byDefault}, options?: CallOptions): ${result} {\n${body}`;
  }
  return `${about}export function ${name}(given: ${givenType(call, 'KeyedOptions')}, options?: CallOptions): ${result};
export function ${name}(given: ${given}, options: KeyedOptions): ${result};
export function ${name}(given: ${given}, options?: CallOptions): ${result} {
${body}`;
}

function streamText(call: Call, name: string): string {
  const { constant, answer, required, endpoint } = call;
  const about = aboutText(endpoint, `As {@link ${call.name}}, in pieces: sections come as they are ready.`);
  const given = `${givenType(call, 'CallOptions')}${required ? '' : ' = {}'}`;
  return `${about}export function ${name}(given: ${given}, options?: CallOptions): AsyncGenerator<AnswerSoFar<${answer}>, void, undefined> {
  return $stream(${constant}, given, options);
}
`;
}

/** One object has parameters and options, so that a first parameter changes no caller of an endpoint that had none. */
function givenType({ parameters }: Call, options: string): string {
  return parameters === undefined ? options : `${parameters} & ${options}`;
}

function aboutText(endpoint: Endpoint, comment: string | undefined): string {
  const { method, path } = endpoint;
  const deprecation = deprecationOf(endpoint);
  const lines = [
    ...(comment ? [comment] : []),
    `${method} ${path}`,
    ...(deprecation ? [`@deprecated ${deprecation}`] : []),
  ];
  return commentText({ description: lines.join('\n\n') }, '');
}
