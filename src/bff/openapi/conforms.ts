import { ExactNumber, isNumber } from '../../shared/exact-json.ts';
import type { Components } from './components.ts';
import type { JsonSchema } from './json-schema.ts';

/** Returns whether a value matches a schema. Supports the keywords that this module's schemas use. */
export function conforms(value: unknown, schema: JsonSchema, components: Components): boolean {
  const found = components.resolve(schema);
  const { anyOf, oneOf, type } = found;
  const alternatives = anyOf ?? oneOf;
  if (alternatives) return alternatives.some((alternative) => conforms(value, alternative, components));
  if (found.enum && !found.enum.includes(value)) return false;
  if (type === undefined) return true;
  const types = typeof type === 'string' ? [type] : type;
  if (!types.some((one) => isOfType(value, one))) return false;
  if (Array.isArray(value)) return value.every((item) => conforms(item, found.items ?? {}, components));
  if (typeof value !== 'object' || value === null || isNumber(value)) return true;
  const { properties = {}, required = [] } = found;
  const members = value as Readonly<Record<string, unknown>>;
  return (
    required.every((key) => Object.hasOwn(members, key)) &&
    Object.entries(members).every(([key, member]) => {
      const property = properties[key];
      return property !== undefined && conforms(member, property, components);
    })
  );
}

function isOfType(value: unknown, type: string): boolean {
  if (type === 'null') return value === null;
  if (type === 'array') return Array.isArray(value);
  if (type === 'integer') return Number.isInteger(value instanceof ExactNumber ? Number(value.text) : value);
  if (type === 'number') return isNumber(value);
  return type === (value === null || Array.isArray(value) || value instanceof ExactNumber ? '' : typeof value);
}
