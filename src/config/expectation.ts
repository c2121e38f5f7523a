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
  /** For a union of objects that one key tells apart: the values of that key. */
  readonly options?: readonly unknown[];
  /** For a text: `starts_with`, `regex`, `email`… */
  readonly format?: string;
  readonly prefix?: string;
  readonly suffix?: string;
  readonly pattern?: string;
  /** For an object: the keys that it may not have. */
  readonly keys?: readonly string[];
  /** For a key with an invalid name: what is wrong with it. */
  readonly issues?: readonly ValueIssue[];
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
const GENERATED =
  /^(?:Invalid (?:input|option|discriminator value|(?:string|number): must|(?:key|value) in)\b|Invalid (?:email address|URL|UUID|IPv[46] address|ISO date(?:time)?)$|Too small|Too big|Unrecognized key)/;

/** Returns what was expected of a value: `expected a list, received a string`. */
export function expectation(issue: ValueIssue): string {
  if (!GENERATED.test(issue.message)) return issue.message;
  if (issue.code === 'invalid_key' && issue.issues?.[0] !== undefined) return expectation(issue.issues[0]);
  return byCode(issue) ?? issue.message.replace(/^Invalid (?:input|option|string): /, '');
}

/**
 * Returns the issues of a value, each with what was expected there. For a union it is the issues of the alternative that was
 * probably meant: the one whose type matches, with an error inside.
 */
export function innermostIssues(issue: ValueIssue): readonly ValueIssue[] {
  const meant = nearestAlternative(issue);
  if (meant === undefined) return [issue];
  return meant.flatMap((inner) => innermostIssues({ ...inner, path: [...issue.path, ...inner.path] }));
}

/**
 * Returns issues as lines for people: `limits.max_depth: expected a number, received a string`.
 * @param at the key of the whole value, if it has one
 */
export function issueLines(issues: readonly ValueIssue[], at: readonly PropertyKey[] = []): string[] {
  return issues.flatMap(innermostIssues).flatMap((issue) => {
    const path = [...at, ...issue.path];
    const unknown = issue.code === 'unrecognized_keys' ? (issue.keys ?? []) : [];
    if (unknown.length > 0) return unknown.map((key) => `Unknown key "${keyText([...path, key])}".`);
    return `${path.length === 0 ? '' : `${keyText(path)}: `}${expectation(issue)}`;
  });
}

function nearestAlternative({ code, errors = [] }: ValueIssue): readonly ValueIssue[] | undefined {
  if (code !== 'invalid_union') return undefined;
  return errors.find(
    (issues) => issues.length > 0 && issues.every(({ path, code }) => path.length > 0 || code === 'unrecognized_keys'),
  );
}

function byCode(issue: ValueIssue): string | undefined {
  const { code, values = [], expected = '', errors = [] } = issue;
  if (code === 'invalid_type') return withReceived(typeText(expected), issue);
  if (code === 'invalid_value')
    return `expected ${values.length > 1 ? 'one of ' : ''}${alternatives(values.map(quoted))}`;
  if (code === 'too_small' || code === 'too_big') return limit(issue);
  if (code === 'invalid_format') return formatText(issue);
  if (code === 'invalid_union' && issue.options !== undefined && issue.options.length > 0)
    return `expected ${issue.options.length > 1 ? 'one of ' : ''}${alternatives(issue.options.map(quoted))}`;
  if (code !== 'invalid_union' || errors.length === 0) return undefined;
  return withReceived(alternatives([...new Set(errors.flatMap(expectedOf))]), receivedOf(errors));
}

/** Returns what one alternative of a union expects: its types, its values, or the sentence that was written for it. */
function expectedOf(issues: readonly ValueIssue[]): readonly string[] {
  const issue = issues.find(({ path }) => path.length === 0) ?? issues[0];
  if (issue === undefined) return [];
  const { code, expected = '', values = [], errors = [] } = issue;
  if (!GENERATED.test(issue.message)) return [withoutExpected(issue.message)];
  if (code === 'invalid_type') return [typeText(expected)];
  if (code === 'invalid_value') return values.map(quoted);
  if (code === 'invalid_union' && errors.length > 0) return errors.flatMap(expectedOf);
  return [withoutExpected(expectation(issue))];
}

function withoutExpected(text: string): string {
  return text.replace(/^expected /, '');
}

/** Returns an issue that says which type was received; `undefined` where one of the alternatives is a fixed text of that type. */
function receivedOf(errors: readonly (readonly ValueIssue[])[]): ValueIssue | undefined {
  const issues = errors.flat().filter(({ path }) => path.length === 0);
  if (issues.some(({ code }) => code === 'invalid_value')) return undefined;
  for (const issue of issues) {
    if (RECEIVED.test(issue.message)) return issue;
    const inner = receivedOf(issue.errors ?? []);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

/** Formats that the schema library knows, with articles. */
const FORMATS: Readonly<Record<string, string>> = {
  email: 'an email address, such as "team@shop.example"',
  url: 'a URL, such as "https://shop.example"',
  uuid: 'a UUID',
  ipv4: 'an IPv4 address',
  ipv6: 'an IPv6 address',
  datetime: 'a date and time, such as "2030-01-31T00:00:00Z"',
  date: 'a date, such as "2030-01-31"',
};

function formatText({ format = '', prefix, suffix, pattern }: ValueIssue): string | undefined {
  if (prefix !== undefined) return `expected a string that begins with ${quoted(prefix)}`;
  if (suffix !== undefined) return `expected a string that ends with ${quoted(suffix)}`;
  if (format === 'regex') return `expected a string that matches ${pattern ?? 'a pattern'}`;
  const named = FORMATS[format];
  return named && `expected ${named}`;
}

const RECEIVED = / received (\w+)$/;

function withReceived(expected: string, issue: ValueIssue | undefined): string {
  const received = RECEIVED.exec(issue?.message ?? '')?.[1];
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
