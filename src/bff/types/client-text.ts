import type { GraphQLSchema } from 'graphql';
import { stringifyJson } from '../../shared/exact-json.ts';
import type { Endpoint } from '../endpoints/endpoints.ts';
import { answerSchema } from '../openapi/answer-schema.ts';
import { commentOf } from '../openapi/comment.ts';
import { Components, type JsonSchema, parameterSchema } from '../openapi/json-schema.ts';
import { operationIdOf } from '../openapi/openapi.ts';
import { deprecationOf, isServed } from '../openapi/standing.ts';
import { RUNTIME } from './runtime.ts';
import { commentText, typeText } from './typescript.ts';

/** The files for one client: a module in TypeScript, and JSON Schema for generators of other languages. */
export interface ClientFiles {
  readonly typescript: string;
  readonly jsonSchema: string;
}

const PREFIX = '#/$defs/';

/** A typed client for the endpoints of one frontend: a function for each, which bundlers leave out where it is not used. */
export function clientFiles(all: readonly Endpoint[], schema: GraphQLSchema, client: string): ClientFiles {
  const components = new Components(PREFIX);
  const endpoints = all
    .filter((endpoint) => endpoint.client === client && isServed(endpoint))
    .sort((a, b) => a.id.localeCompare(b.id))
    .map((endpoint) => describe(endpoint, schema, components));
  const types = [...components.schemas].sort(([a], [b]) => a.localeCompare(b));
  const named = types.map(([name, one]) => `${commentText(one, '')}export type ${name} = ${typeText(one)};\n`);
  return {
    typescript: [header(client), RUNTIME, ...named, ...endpoints.map(({ text }) => text)].join('\n'),
    jsonSchema: `${stringifyJson(
      {
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        $defs: Object.fromEntries([...types, ...endpoints.flatMap(({ defs }) => defs)]),
      },
      2,
    )}\n`,
  };
}

function header(client: string): string {
  return `// The endpoints of "${client}". Written by \`headgate bff types\`: changes here are lost when it runs again.\n`;
}

interface Described {
  readonly text: string;
  /** What its answer and its parameters look like, by name. */
  readonly defs: readonly (readonly [string, JsonSchema])[];
}

function describe(endpoint: Endpoint, schema: GraphQLSchema, components: Components): Described {
  const id = operationIdOf(endpoint, false);
  const name = `${id[0]?.toUpperCase()}${id.slice(1)}`;
  const answer = answerSchema(endpoint, schema, components);
  const parameters = parametersSchema(endpoint, components);
  const comment = commentOf(endpoint.document);
  const text = [
    `/** The answer of {@link ${id}}. */\nexport type ${name}Answer = ${typeText(answer)};\n`,
    ...(parameters ? [`export type ${name}Parameters = ${typeText(parameters)};\n`] : []),
    functionText(endpoint, id, name, parameters, comment?.text),
  ];
  const defs: [string, JsonSchema][] = [[`${name}Answer`, answer]];
  if (parameters) defs.push([`${name}Parameters`, parameters]);
  return { text: text.join('\n'), defs };
}

/** `undefined` where there is nothing to give. */
function parametersSchema({ parameters }: Endpoint, components: Components): JsonSchema | undefined {
  const given = parameters.filter((parameter) => parameter.in !== 'claim');
  if (given.length === 0) return undefined;
  return {
    type: 'object',
    properties: Object.fromEntries(given.map((parameter) => [parameter.name, parameterSchema(parameter, components)])),
    required: given.filter(({ required, in: place }) => required || place === 'path').map(({ name }) => name),
  };
}

function functionText(
  endpoint: Endpoint,
  id: string,
  name: string,
  parameters: JsonSchema | undefined,
  comment: string | undefined,
): string {
  const { method, path } = endpoint;
  const deprecation = deprecationOf(endpoint);
  const lines = [
    ...(comment ? [comment] : []),
    `${method} ${path}`,
    ...(deprecation ? [`@deprecated ${deprecation}`] : []),
  ];
  const about = commentText({ description: lines.join('\n\n') }, '');
  const places = endpoint.parameters.filter((one) => one.in !== 'claim').map((one) => `${key(one.name)}: '${one.in}'`);
  const optional = (parameters?.required ?? []).length === 0 ? ` = {}` : '';
  const given = parameters ? `parameters: ${name}Parameters${optional}, ` : '';
  const passed = parameters ? `parameters, { ${places.join(', ')} }` : '{}, {}';
  return `${about}export function ${id}(${given}options: CallOptions = {}): Promise<Result<${name}Answer>> {
  return call('${method}', '${path.replaceAll(/:(\w+)/g, '{$1}')}', ${passed}, options);
}
`;
}

function key(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}
