import { ExactNumber, stringifyJson } from '../../shared/exact-json.ts';
import type { JsonSchema } from '../openapi/json-schema.ts';

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/**
 * Returns a JSON Schema as a TypeScript type.
 * @param indent indentation in spaces
 */
export function typeText(schema: JsonSchema, indent = 0): string {
  if (schema.$ref !== undefined) return schema.$ref.split('/').at(-1) ?? 'unknown';
  if ('const' in schema) return literal(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(literal).join(' | ');
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives !== undefined) return union(alternatives.map((one) => typeText(one, indent)));
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? []);
  if (types.length === 0) return 'unknown';
  return union(types.map((type) => oneType(type, schema, indent)));
}

function oneType(type: string, schema: JsonSchema, indent: number): string {
  switch (type) {
    case 'null':
      return 'null';
    case 'boolean':
      return 'boolean';
    case 'integer':
    case 'number':
      return 'number';
    case 'string':
      return 'string';
    case 'array':
      return `ReadonlyArray<${typeText(schema.items ?? {}, indent)}>`;
    case 'object':
      return objectText(schema, indent);
    default:
      return 'unknown';
  }
}

function objectText(schema: JsonSchema, indent: number): string {
  const { properties, required = [], additionalProperties } = schema;
  if (properties === undefined) {
    const value = typeof additionalProperties === 'object' ? typeText(additionalProperties, indent) : 'unknown';
    return `Readonly<Record<string, ${value}>>`;
  }
  if (schema.maxProperties === 1) return oneOfText(properties, indent);
  const pad = ' '.repeat(indent + 2);
  const lines = Object.entries(properties).map(([key, schema]) => {
    const comment = commentText(schema, pad);
    return `${comment}${pad}readonly ${propertyText(key)}${required.includes(key) ? '' : '?'}: ${typeText(schema, indent + 2)};`;
  });
  return lines.length === 0 ? 'Readonly<Record<string, never>>' : `{\n${lines.join('\n')}\n${' '.repeat(indent)}}`;
}

/** Returns the type of an object with exactly one of the properties: a union with one member for each. */
function oneOfText(properties: Readonly<Record<string, JsonSchema>>, indent: number): string {
  const keys = Object.keys(properties);
  const alternatives = keys.map((given) => {
    const members = keys.map((key) => {
      const value = key === given ? `: ${typeText(properties[key] ?? {}, indent)}` : '?: never';
      return `readonly ${propertyText(key)}${value}`;
    });
    return `{ ${members.join('; ')} }`;
  });
  return union(alternatives);
}

/** Returns the name of a property, quoted if necessary. */
export function propertyText(name: string): string {
  return IDENTIFIER.test(name) ? name : JSON.stringify(name);
}

/** Returns a doc comment with the description and deprecation of a schema; empty where it has none. */
export function commentText(schema: Pick<JsonSchema, 'description' | 'deprecated'>, pad: string): string {
  const description = [schema.description, ...(schema.deprecated ? ['@deprecated'] : [])]
    .filter((one) => one)
    .join('\n');
  if (description === '') return '';
  const lines = description.replaceAll('*/', '* /').split('\n');
  if (lines.length === 1) return `${pad}/** ${lines[0]} */\n`;
  return `${pad}/**\n${lines.map((line) => `${pad} * ${line}`.trimEnd()).join('\n')}\n${pad} */\n`;
}

function union(types: readonly string[]): string {
  const all = [...new Set(types)];
  return all.includes('unknown') ? 'unknown' : all.join(' | ');
}

function literal(value: unknown): string {
  if (Array.isArray(value)) return `readonly [${value.map(literal).join(', ')}]`;
  if (typeof value !== 'object' || value === null || value instanceof ExactNumber)
    return stringifyJson(value) ?? 'null';
  const members = Object.entries(value).map(([key, inner]) => `readonly ${JSON.stringify(key)}: ${literal(inner)}`);
  return `{ ${members.join('; ')} }`;
}
