import { urlWithoutSecrets } from '../shared/secret-parameters.ts';
import { keyText } from './key-text.ts';

/** A validation issue of the schema library, as far as messages need it. */
export interface ValueIssue {
  readonly code?: string;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly values?: readonly unknown[];
  readonly expected?: string;
  readonly origin?: string;
  readonly minimum?: number | bigint;
  readonly maximum?: number | bigint;
  readonly inclusive?: boolean;
  /** For a union: the issues of each alternative. */
  readonly errors?: readonly (readonly ValueIssue[])[];
}

/** Names of types for users who write YAML. */
const TYPES: Readonly<Record<string, string>> = {
  object: 'a section of keys',
  record: 'a section of keys',
  array: 'a list',
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  undefined: 'nothing',
  null: 'nothing',
};

/** Messages that the schema library generates. Messages written for a key do not match, and stay as they are. */
const GENERATED = /^(?:Invalid input|Invalid option|Too small|Too big)\b/;

/** Returns what was expected of a value: `expected a list, received a string`. */
export function expectation(issue: ValueIssue): string {
  if (!GENERATED.test(issue.message)) return issue.message;
  return byCode(issue) ?? issue.message.replace(/^Invalid (?:input|option): /, '');
}

function byCode(issue: ValueIssue): string | undefined {
  const { code, values = [], expected = '', errors = [] } = issue;
  if (code === 'invalid_type') return withReceived(typeText(expected), issue);
  if (code === 'invalid_value')
    return `expected ${values.length > 1 ? 'one of ' : ''}${alternatives(values.map(quoted))}`;
  if (code === 'too_small' || code === 'too_big') return limit(issue);
  if (code !== 'invalid_union') return undefined;
  const types = errors.map((all) => all.find(({ path }) => path.length === 0)?.expected);
  if (types.length === 0 || types.includes(undefined)) return undefined;
  const [first] = errors[0] ?? [];
  return withReceived(alternatives([...new Set(types.map((type = '') => typeText(type)))]), first);
}

function withReceived(expected: string, issue: ValueIssue | undefined): string {
  const received = / received (\w+)$/.exec(issue?.message ?? '')?.[1];
  if (received === undefined) return `expected ${expected}`;
  return received === 'undefined'
    ? `it is missing; expected ${expected}`
    : `expected ${expected}, received ${typeText(received)}`;
}

function typeText(type: string): string {
  return TYPES[type] ?? type;
}

function limit({ code, origin = '', minimum, maximum, inclusive = true }: ValueIssue): string {
  const isLow = code === 'too_small';
  const bound = isLow ? minimum : maximum;
  const than = isLow ? (inclusive ? 'at least' : 'more than') : inclusive ? 'at most' : 'less than';
  if (origin === 'array') return `expected ${than} ${bound} ${bound === 1 ? 'entry' : 'entries'}`;
  if (origin === 'string') return `expected ${than} ${bound} ${bound === 1 ? 'character' : 'characters'}`;
  return inclusive
    ? `expected a number of ${than} ${bound}`
    : `expected a number ${isLow ? 'above' : 'below'} ${bound}`;
}

function quoted(value: unknown): string {
  return JSON.stringify(value);
}

function alternatives(texts: readonly string[]): string {
  return texts.length < 2 ? (texts[0] ?? '') : `${texts.slice(0, -1).join(', ')} or ${texts.at(-1)}`;
}

/** Returns whether a key is for something secret, by its name. */
function isSecretKey(path: readonly PropertyKey[]): boolean {
  return path.some((name) => /keys?$|seed$|secret|token|passw|credential|value/i.test(String(name)));
}

/**
 * Returns how to write a value of the wrong type, if that is obvious: a single string instead of a list, or `true` instead of a
 * section.
 * @param known the keys of the section
 */
export function correctionFor(
  { code, expected, path }: ValueIssue,
  value: unknown,
  known: readonly string[],
): string | undefined {
  if (code !== 'invalid_type' || value === undefined) return undefined;
  if (expected === 'array') {
    if (typeof value === 'object') return 'Begin each entry of the list with "- ".';
    // a list of keys, or an expanded variable, is not for a terminal or a log
    const shown = isSecretKey(path)
      ? '…'
      : JSON.stringify(typeof value === 'string' ? urlWithoutSecrets(value) : value);
    return `Write a list with one entry: ${keyText(path.slice(-1))}: [${shown}]`;
  }
  return expected === 'object' && known.length > 0 ? `Known keys: ${known.join(', ')}.` : undefined;
}
