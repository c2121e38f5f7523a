import type { Json } from './json.ts';
import { type Method, ofValues } from './method.ts';

/** A string, number or boolean as text; nothing for null and what is missing; `undefined` for the rest. */
function scalarText(value: Json): string | undefined {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? undefined : String(value);
}

function joinNotNull(value: Json, [separator]: readonly Json[]): Json {
  if (typeof separator !== 'string') return undefined;
  const items = (Array.isArray(value) ? value : [value]).filter((item) => item !== null && item !== undefined);
  const texts = items.map(scalarText);
  return texts.includes(undefined) ? undefined : texts.join(separator);
}

function toText(value: Json): Json {
  return typeof value === 'object' && value !== null ? undefined : scalarText(value);
}

function parseWhole(value: Json, [radix = 10]: readonly Json[]): Json {
  if (typeof radix !== 'number' || (typeof value !== 'string' && typeof value !== 'number')) return undefined;
  const number = Number.parseInt(String(value), radix);
  return Number.isNaN(number) ? undefined : number;
}

function jsonParse(value: Json): Json {
  if (typeof value !== 'string') return undefined;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

function split(value: Json, [separator, limit]: readonly Json[]): Json {
  if (typeof value !== 'string' || typeof separator !== 'string') return undefined;
  const parts = separator === '' ? [...value] : value.split(separator);
  if (typeof limit !== 'number' || limit < 1 || parts.length <= limit) return parts;
  return [...parts.slice(0, limit - 1), parts.slice(limit - 1).join(separator)];
}

function ofText(change: (text: string) => string): Method {
  return ofValues([0, 0], (value) => (typeof value === 'string' ? change(value) : undefined));
}

/** Methods on strings, and between strings and other values. */
export const TEXT_METHODS = {
  joinNotNull: ofValues([1, 1], joinNotNull),
  jsonStringify: ofValues([0, 0], (value) => JSON.stringify(value)),
  jsonParse: ofValues([0, 0], jsonParse),
  toString: ofValues([0, 0], toText),
  parseInt: ofValues([0, 1], parseWhole),
  split: ofValues([1, 2], split),
  trim: ofText((text) => text.trim()),
  trimStart: ofText((text) => text.trimStart()),
  trimEnd: ofText((text) => text.trimEnd()),
} satisfies Record<string, Method>;
