import {
  ExactNumber,
  isNumber,
  numberOf,
  numberText,
  parseJson,
  plainValue,
  stringifyJson,
} from '../../shared/exact-json.ts';
import { type Json, textOfScalar } from './json.ts';
import { type Method, methodOfValues } from './method.ts';

/** Converts a scalar to text, null and missing values to an empty string; returns `undefined` for other values. */
function scalarText(value: Json): string | undefined {
  return value === null || value === undefined ? '' : textOfScalar(value);
}

function joinNotNull(value: Json, [separator]: readonly Json[]): Json {
  if (typeof separator !== 'string') return undefined;
  const items = (Array.isArray(value) ? value : [value]).filter((item) => item !== null && item !== undefined);
  const texts = items.map(scalarText);
  return texts.includes(undefined) ? undefined : texts.join(separator);
}

function parseWhole(value: Json, [given = 10]: readonly Json[]): Json {
  const radix = plainValue(given);
  if (typeof radix !== 'number' || (typeof value !== 'string' && !isNumber(value))) return undefined;
  const text = value instanceof ExactNumber ? numberText(value) : String(value);
  const number = Number.parseInt(text, radix);
  if (radix === 10 && !Number.isSafeInteger(number)) return decimalWhole(text);
  return Number.isNaN(number) ? undefined : number;
}

/** Returns the integer at the start of a text, with all its digits. */
function decimalWhole(text: string): Json {
  const [, sign, digits] = /^\s*([+-]?)(\d+)/.exec(text) ?? [];
  if (digits === undefined) return undefined;
  return numberOf((sign === '-' ? '-' : '') + digits.replace(/^0+(?=\d)/, ''));
}

function jsonParse(value: Json): Json {
  if (typeof value !== 'string') return undefined;
  try {
    return parseJson(value);
  } catch {
    return undefined;
  }
}

function split(value: Json, [separator, most]: readonly Json[]): Json {
  const limit = plainValue(most);
  if (typeof value !== 'string' || typeof separator !== 'string') return undefined;
  const parts = separator === '' ? [...value] : value.split(separator);
  if (typeof limit !== 'number' || limit < 1 || parts.length <= limit) return parts;
  return [...parts.slice(0, limit - 1), parts.slice(limit - 1).join(separator)];
}

function ofText(change: (text: string) => string): Method {
  return methodOfValues([0, 0], (value) => (typeof value === 'string' ? change(value) : undefined));
}

/** Methods on strings, and between strings and other values. */
export const TEXT_METHODS = {
  joinNotNull: methodOfValues([1, 1], joinNotNull),
  jsonStringify: methodOfValues([0, 0], (value) => stringifyJson(value)),
  jsonParse: methodOfValues([0, 0], jsonParse),
  toString: methodOfValues([0, 0], scalarText),
  parseInt: methodOfValues([0, 1], parseWhole),
  split: methodOfValues([1, 2], split),
  trim: ofText((text) => text.trim()),
  trimStart: ofText((text) => text.trimStart()),
  trimEnd: ofText((text) => text.trimEnd()),
} satisfies Record<string, Method>;
