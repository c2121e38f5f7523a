import { type Resolver, type Schema, textOf } from './document.ts';
import { fieldName } from './names.ts';

/** The possible objects of a value, and the discriminator property that identifies them. */
export interface Choices {
  readonly property: string;
  readonly members: readonly { readonly schema: Schema; readonly values: readonly string[] }[];
}

/**
 * Reads `oneOf` or `anyOf` with a `discriminator`. Returns `undefined` where it cannot be a union: an alternative is not an
 * object with fields, has no discriminator value, or has a field that needs a different selection than in the others.
 */
export function readChoices(
  schema: Schema,
  resolve: Resolver,
  known: ReadonlyMap<Schema, string>,
): Choices | undefined {
  const property = textOf(schema.discriminator?.propertyName);
  const choices = (schema.oneOf ?? schema.anyOf)?.map((choice) => resolve(choice));
  const objects = choices?.filter((choice) => choice?.type !== 'null');
  if (property === undefined || objects === undefined || objects.length < 2 || schema.properties !== undefined)
    return undefined;
  if (new Set(objects).size < objects.length) return undefined;
  const mapping = readMapping(schema, resolve, known);
  const members = objects.map((object) => {
    const name = object && known.get(object);
    const mapped = [...mapping].flatMap(([value, target]) => (target === object ? [value] : []));
    return { schema: object ?? {}, values: mapped.length > 0 || name === undefined ? mapped : [name] };
  });
  const properties = members.map((member) => propertiesOf(member.schema, resolve));
  const isUnion = members.every(({ values }, at) => values.length > 0 && (properties[at]?.size ?? 0) > 0);
  return isUnion && haveSameSelection(properties, resolve) ? { property, members } : undefined;
}

/** Reads the discriminator's mapping. Its targets are references or names of schemas. */
function readMapping(
  { discriminator }: Schema,
  resolve: Resolver,
  known: ReadonlyMap<Schema, string>,
): Map<string, Schema | undefined> {
  const byName = new Map([...known].map(([schema, name]) => [name, schema]));
  const targets = Object.entries(discriminator?.mapping ?? {}).map(([value, target]): [string, Schema | undefined] => {
    const text = String(target);
    return [value, byName.get(text) ?? resolve<Schema>({ $ref: text })];
  });
  return new Map(targets);
}

const MAX_DEPTH = 20;

function propertiesOf(schema: Schema, resolve: Resolver, depth = 0): Map<string, Schema> {
  if (depth > MAX_DEPTH) return new Map();
  const parents = (schema.allOf ?? []).flatMap((part) => [...propertiesOf(resolve(part) ?? {}, resolve, depth + 1)]);
  return new Map([...parents, ...Object.entries(schema.properties ?? {})]);
}

/** Returns whether one selection works for all members: equal field names come from the same property and have the same schema. */
function haveSameSelection(members: readonly ReadonlyMap<string, Schema>[], resolve: Resolver): boolean {
  const fields = new Map<string, { readonly original: string; readonly shape: Schema | undefined }>();
  for (const properties of members) {
    for (const [original, property] of properties) {
      const name = fieldName(original);
      const shape = shapeOf(property, resolve);
      const other = fields.get(name);
      if (other !== undefined && (other.original !== original || other.shape !== shape)) return false;
      fields.set(name, { original, shape });
    }
  }
  return true;
}

/** Returns the schema of nested fields; `undefined` for a single value. */
function shapeOf(given: Schema, resolve: Resolver, depth = 0): Schema | undefined {
  const schema = resolve(given);
  if (schema === undefined || depth > MAX_DEPTH) return undefined;
  if (schema.items !== undefined) return shapeOf(schema.items, resolve, depth + 1);
  const { properties, allOf, oneOf, anyOf } = schema;
  return properties === undefined && allOf === undefined && oneOf === undefined && anyOf === undefined
    ? undefined
    : schema;
}
