import * as z from 'zod';
import { keyText } from './key-text.ts';
import { nearest } from './nearest.ts';

/** As much of JSON Schema as the config's own schema uses. */
interface ObjectSchema {
  readonly properties?: Readonly<Record<string, ObjectSchema>>;
  readonly additionalProperties?: ObjectSchema | boolean;
  readonly items?: ObjectSchema;
  readonly anyOf?: readonly ObjectSchema[];
}

/**
 * Says what a person who wrote an unknown key most likely wanted: a key of nearly the same name beside it, or one that has it
 * as a word (`claim`: `from_claim`), else one of just that name below, else one elsewhere, else the list of what may stand there.
 */
export function didYouMean(schema: z.ZodType, path: readonly PropertyKey[], key: string): string | undefined {
  const root = jsonSchemaOf(schema);
  const here = schemaAt(root, path);
  const siblings = Object.keys(here?.properties ?? {});
  const near = nearest(key, siblings)[0] ?? siblings.find((sibling) => sibling.split('_').includes(key));
  if (near !== undefined) return `Did you mean "${keyText([...path, near])}"?`;
  const below = pathsOf(here ?? {}, true).filter((known) => known.at(-1) === key);
  if (below.length > 0) return suggestion(below.map((known) => [...path, ...known]));
  const elsewhere = pathsOf(root, false).filter((known) => known.at(-1) === key);
  if (elsewhere.length > 0) return suggestion(elsewhere);
  return siblings.length > 0 ? `Known here: ${siblings.join(', ')}.` : undefined;
}

/** Returns the keys that may stand in the section at a path. */
export function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  return Object.keys(schemaAt(jsonSchemaOf(schema), path)?.properties ?? {});
}

function jsonSchemaOf(schema: z.ZodType): ObjectSchema {
  return z.toJSONSchema(schema, { io: 'input' }) as ObjectSchema;
}

function suggestion(paths: readonly (readonly PropertyKey[])[]): string {
  return `Did you mean ${paths.map((path) => `"${keyText(path)}"`).join(' or ')}?`;
}

function schemaAt(root: ObjectSchema, path: readonly PropertyKey[]): ObjectSchema | undefined {
  let schema: ObjectSchema | undefined = root;
  for (const step of path) schema = below(schema, String(step));
  return schema;
}

/** What holds for a property, or for a list's items. Of several possibilities it is the first that has it. */
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

/** The keys below, as paths; those of list entries, if wanted, at the first entry. */
function pathsOf(schema: ObjectSchema, withLists: boolean, above: readonly PropertyKey[] = []): PropertyKey[][] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([key, inner]) => [
    [...above, key],
    ...pathsOf(inner, withLists, [...above, key]),
  ]);
  const rest = schema.additionalProperties;
  const entries = withLists && schema.items ? pathsOf(schema.items, withLists, [...above, 0]) : [];
  return typeof rest === 'object' ? [...own, ...pathsOf(rest, withLists, [...above, 'NAME'])] : [...own, ...entries];
}
