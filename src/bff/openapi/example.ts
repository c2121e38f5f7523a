import { compareNumbers, type ExactNumber } from '../../shared/exact-json.ts';
import type { JsonSchema } from './json-schema.ts';

const BY_FORMAT: Readonly<Record<string, unknown>> = {
  'date-time': '2026-01-31T12:00:00.000Z',
  date: '2026-01-31',
  time: '12:00:00',
  uuid: '123e4567-e89b-12d3-a456-426614174000',
  uri: 'https://example.com/',
  email: 'ada@example.com',
};

/** Maximum depth, for recursive types. */
const MAX_DEPTH = 12;

/**
 * Returns an example value of a schema.
 * @param name name of the value, from which strings are made
 */
export function exampleOf(
  schema: JsonSchema,
  name: string,
  resolve: (schema: JsonSchema) => JsonSchema,
  depth = 0,
): unknown {
  if (schema.examples !== undefined) return schema.examples[0];
  if (schema.default !== undefined) return schema.default;
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  if (depth > MAX_DEPTH) return null;
  const again = (inner: JsonSchema, as: string) => exampleOf(inner, as, resolve, depth + 1);
  if (schema.$ref !== undefined) return again(resolve(schema), name);
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives !== undefined) return again(alternatives[0] ?? {}, name);
  const type = typeof schema.type === 'string' ? schema.type : schema.type?.[0];
  switch (type) {
    case 'object': {
      const entries = propertiesOf(schema).map(([key, inner]) => [key, again(inner, key)]);
      return Object.fromEntries(entries);
    }
    case 'array':
      return [again(schema.items ?? {}, name)];
    case 'integer':
      return within(1, schema);
    case 'number':
      return within(4.5, schema);
    case 'boolean':
      return true;
    case 'string':
      return BY_FORMAT[schema.format ?? ''] ?? textFor(name);
    default:
      return null;
  }
}

/** Returns the properties without `meta`; only the simplest one for an object that has exactly one property. */
function propertiesOf({ properties = {}, maxProperties }: JsonSchema): [string, JsonSchema][] {
  const all = Object.entries(properties).filter(([, inner]) => !inner.$ref?.endsWith('/AnswerMeta'));
  if (maxProperties !== 1) return all;
  return [all.find(([, inner]) => inner.$ref === undefined) ?? all[0]].filter((one) => one !== undefined);
}

function within(value: number, { minimum = value, maximum = value }: JsonSchema): number | ExactNumber {
  if (compareNumbers(value, minimum) < 0) return minimum;
  return compareNumbers(value, maximum) > 0 ? maximum : value;
}

function textFor(name: string): string {
  if (/id$/i.test(name)) return '1';
  if (/url$/i.test(name)) return 'https://example.com/';
  return name;
}
