import * as z from 'zod';
import { nearest } from './nearest.ts';

/** As much of JSON Schema as the config's own schema uses. */
interface ObjectSchema {
  readonly properties?: Readonly<Record<string, ObjectSchema>>;
  readonly additionalProperties?: ObjectSchema | boolean;
}

/**
 * What a person who wrote an unknown key most likely wanted: a key of nearly the same name beside it, else one of just
 * that name elsewhere, else the list of what may stand there.
 */
export function didYouMean(schema: z.ZodType, path: readonly PropertyKey[], key: string): string {
  const root = z.toJSONSchema(schema, { io: 'input' }) as ObjectSchema;
  const siblings = Object.keys(schemaAt(root, path)?.properties ?? {});
  const [near] = nearest(key, siblings);
  if (near !== undefined) return `Did you mean "${[...path, near].join('.')}"?`;
  const elsewhere = pathsOf(root).filter((known) => known.at(-1) === key);
  if (elsewhere.length > 0) return `Did you mean ${elsewhere.map((known) => `"${known.join('.')}"`).join(' or ')}?`;
  return `Known here: ${siblings.join(', ')}.`;
}

function schemaAt(root: ObjectSchema, path: readonly PropertyKey[]): ObjectSchema | undefined {
  let schema: ObjectSchema | undefined = root;
  for (const step of path) {
    const rest: ObjectSchema | boolean | undefined = schema?.additionalProperties;
    schema = schema?.properties?.[String(step)] ?? (typeof rest === 'object' ? rest : undefined);
  }
  return schema;
}

function pathsOf(schema: ObjectSchema, above: readonly string[] = []): string[][] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([key, inner]) => [
    [...above, key],
    ...pathsOf(inner, [...above, key]),
  ]);
  const rest = schema.additionalProperties;
  return typeof rest === 'object' ? [...own, ...pathsOf(rest, [...above, 'NAME'])] : own;
}
