import { type GraphQLInputType, getNullableType, isInputObjectType, isListType } from 'graphql';
import { parseJson } from '../../shared/exact-json.ts';
import { mergedParameters, type Parameter } from '../endpoints/parameters.ts';
import type { Components } from './components.ts';
import { exampleOf } from './example.ts';
import { type JsonSchema, parameterSchema } from './json-schema.ts';

type Json = Readonly<Record<string, unknown>>;

/** Context of parameter descriptions. */
export interface ParameterContext {
  readonly components: Components;
  /** Returns the name of a path parameter in the document. */
  readonly pathName: (name: string) => string;
  /** Values of an example request, by parameter name. */
  readonly given: ReadonlyMap<string, string>;
}

/** Returns the OpenAPI parameters of a request, without its body. */
export function parametersOf(all: readonly Parameter[], context: ParameterContext): Json[] {
  return mergedParameters(all)
    .filter(({ in: place }) => place !== 'body' && place !== 'claim')
    .map((parameter) => parameterOf(parameter, context));
}

function parameterOf(parameter: Parameter, { components, pathName, given }: ParameterContext): Json {
  const { name, in: place, required, type } = parameter;
  const schema = parameterSchema(parameter, components);
  const base = { name: place === 'path' ? pathName(name) : name, in: place, required: place === 'path' || required };
  const example = givenExample(given.get(name), schema) ?? exampleOf(schema, name, (ref) => components.resolve(ref));
  if (!isInputObjectType(getNullableType(type))) return { ...base, schema, example };
  if (place !== 'query' || !isFlat(type)) {
    const how = place === 'query' ? ` Members can also be separate parameters: \`${name}[member]=value\`.` : '';
    return { ...base, description: `As JSON.${how}`, content: { 'application/json': { schema, example } } };
  }
  const description = `A parameter for each member, \`${name}[member]=value\`, or the whole object as JSON, \`${name}={…}\`.`;
  return { ...base, description, style: 'deepObject', explode: true, schema, example };
}

/** Returns whether all members of an input object are leaves. OpenAPI only defines `deepObject` for these. */
function isFlat(type: GraphQLInputType): boolean {
  const object = getNullableType(type);
  if (!isInputObjectType(object)) return false;
  return Object.values(object.getFields()).every((field) => {
    const inner = getNullableType(field.type);
    return !isListType(inner) && !isInputObjectType(inner);
  });
}

/** Returns the value of a string in a URL; `undefined` where it is not a leaf. */
function givenExample(text: string | undefined, { type, $ref }: JsonSchema): unknown {
  if (text === undefined || type === 'array' || ($ref !== undefined && text.startsWith('{'))) return undefined;
  return type === 'integer' || type === 'number' ? exampleNumber(text) : type === 'boolean' ? text === 'true' : text;
}

/** Parses a number, exactly if it is a JSON number. */
function exampleNumber(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return Number(text);
  }
}
