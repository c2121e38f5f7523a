import * as z from 'zod';
import { keyText } from './key-text.ts';
import { nearest } from './nearest.ts';

/** The part of JSON Schema that the config's schema uses. */
interface ObjectSchema {
  readonly properties?: Readonly<Record<string, ObjectSchema>>;
  readonly additionalProperties?: ObjectSchema | boolean;
  readonly items?: ObjectSchema;
  readonly anyOf?: readonly ObjectSchema[];
}

/** A name that more keys have, such as `enabled`, says nothing about which of them is meant. */
const MOST_SUGGESTED = 4;

/**
 * Returns a hint for an unknown key. It suggests, in this order: a sibling with a similar name, or with the key as a word of its
 * name (`claim`: `from_claim`); keys below with this name; keys elsewhere with this name, if they are few; all keys of the section.
 */
export function didYouMean(schema: z.ZodType, path: readonly PropertyKey[], key: string): string | undefined {
  const root = jsonSchemaOf(schema);
  const here = schemaAt(root, path);
  const siblings = Object.keys(propertiesOf(here));
  const near = nearest(key, siblings)[0] ?? siblings.find((sibling) => sibling.split('_').includes(key));
  if (near !== undefined) return `Did you mean "${keyText([...path, near])}"?`;
  const below = pathsOf(here ?? {}, true).filter((known) => known.at(-1) === key);
  if (below.length > 0) return suggestion(below.map((known) => [...path, ...known]));
  const elsewhere = pathsOf(root, false).filter((known) => known.at(-1) === key);
  if (elsewhere.length > 0 && elsewhere.length <= MOST_SUGGESTED) return suggestion(elsewhere);
  return siblings.length > 0 ? `Known keys: ${siblings.join(', ')}.` : undefined;
}

/** Returns the keys that are allowed in the section at a path. */
export function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  return Object.keys(propertiesOf(schemaAt(jsonSchemaOf(schema), path)));
}

/** A file with many problems asks once for each. */
const jsonSchemas = new WeakMap<z.ZodType, ObjectSchema>();

function jsonSchemaOf(schema: z.ZodType): ObjectSchema {
  const known = jsonSchemas.get(schema);
  if (known !== undefined) return known;
  const made = z.toJSONSchema(schema, { io: 'input' }) as ObjectSchema;
  jsonSchemas.set(schema, made);
  return made;
}

function suggestion(paths: readonly (readonly PropertyKey[])[]): string {
  return `Did you mean ${paths.map((path) => `"${keyText(path)}"`).join(' or ')}?`;
}

/** Returns the properties of an object, and of the objects among the alternatives of a union. */
function propertiesOf({ properties, anyOf = [] }: ObjectSchema = {}): Readonly<Record<string, ObjectSchema>> {
  return Object.assign({}, ...anyOf.map(propertiesOf), properties);
}

function schemaAt(root: ObjectSchema, path: readonly PropertyKey[]): ObjectSchema | undefined {
  let schema: ObjectSchema | undefined = root;
  for (const step of path) schema = below(schema, String(step));
  return schema;
}

/** Returns the schema of a property or of list items. In a union it is the first alternative that has it. */
function below(schema: ObjectSchema | undefined, step: string): ObjectSchema | undefined {
  const { properties, additionalProperties: rest, items, anyOf = [] } = schema ?? {};
  return properties?.[step] ?? (typeof rest === 'object' ? rest : items) ?? firstOf(anyOf, (one) => below(one, step));
}

function firstOf<In, Out>(all: readonly In[], find: (one: In) => Out | undefined): Out | undefined {
  for (const one of all) {
    const found = find(one);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Returns the paths of all keys below. With `withLists`, also of keys in list entries, as of the first entry. */
function pathsOf(schema: ObjectSchema, withLists: boolean, above: readonly PropertyKey[] = []): PropertyKey[][] {
  const own = Object.entries(propertiesOf(schema)).flatMap(([key, inner]) => [
    [...above, key],
    ...pathsOf(inner, withLists, [...above, key]),
  ]);
  const rest = schema.additionalProperties;
  const entries = withLists && schema.items ? pathsOf(schema.items, withLists, [...above, 0]) : [];
  return typeof rest === 'object' ? [...own, ...pathsOf(rest, withLists, [...above, 'NAME'])] : [...own, ...entries];
}
