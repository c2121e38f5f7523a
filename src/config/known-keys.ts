import * as z from 'zod';
import { keyText } from './key-text.ts';
import { nearest } from './nearest.ts';
import { ROUTER_KEYS } from './router-keys.ts';

/** As much of JSON Schema as the config's own schema uses. */
interface ObjectSchema {
  readonly properties?: Readonly<Record<string, ObjectSchema>>;
  readonly additionalProperties?: ObjectSchema | boolean;
  readonly items?: ObjectSchema;
  readonly anyOf?: readonly ObjectSchema[];
}

/**
 * What a person who wrote an unknown key most likely wanted: what stands here for a key of Apollo Router's, else a key of
 * nearly the same name beside it, else one of just that name elsewhere, else the list of what may stand there.
 */
export function didYouMean(schema: z.ZodType, path: readonly PropertyKey[], key: string): string | undefined {
  const instead = ROUTER_KEYS.get([...path, key].join('.'));
  if (instead !== undefined) return instead;
  const root = z.toJSONSchema(schema, { io: 'input' }) as ObjectSchema;
  const siblings = Object.keys(schemaAt(root, path)?.properties ?? {});
  const [near] = nearest(key, siblings);
  if (near !== undefined) return `Did you mean "${keyText([...path, near])}"?`;
  const elsewhere = pathsOf(root).filter((known) => known.at(-1) === key);
  if (elsewhere.length > 0) return `Did you mean ${elsewhere.map((known) => `"${known.join('.')}"`).join(' or ')}?`;
  return siblings.length > 0 ? `Known here: ${siblings.join(', ')}.` : undefined;
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

function pathsOf(schema: ObjectSchema, above: readonly string[] = []): string[][] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([key, inner]) => [
    [...above, key],
    ...pathsOf(inner, [...above, key]),
  ]);
  const rest = schema.additionalProperties;
  return typeof rest === 'object' ? [...own, ...pathsOf(rest, [...above, 'NAME'])] : own;
}
