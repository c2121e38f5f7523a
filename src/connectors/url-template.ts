import { mapRequest } from './mapping/evaluate.ts';
import { textOfScalar, typeName } from './mapping/json.ts';
import { parseExpressionAt } from './mapping/parse.ts';
import type { Variables } from './mapping/scope.ts';
import { type Expression, MappingSyntaxError } from './mapping/syntax.ts';

type Part = string | { readonly expression: Expression; readonly text: string };

/** A text with `{expressions}`, as in URLs and header values. */
export interface Template {
  readonly parts: readonly Part[];
}

/** The value of an expression cannot be used in its place. The message contains the expression and the reason. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  /** Whether a path segment is empty because a field of `$this` is null. */
  readonly isNullReference: boolean;

  constructor(message: string, isNullReference = false) {
    super(message);
    this.isNullReference = isNullReference;
  }
}

/**
 * Parses a template.
 * @throws MappingSyntaxError
 */
export function parseTemplate(text: string): Template {
  const parts: Part[] = [];
  let from = 0;
  for (let open = text.indexOf('{'); open !== -1; open = text.indexOf('{', from)) {
    if (open > from) parts.push(text.slice(from, open));
    const { expression, end } = parseExpressionAt(text, open + 1);
    if (text[end] !== '}') {
      throw new MappingSyntaxError('Expected "}" at the end of the expression.', end, 'Example: {$args.id}.');
    }
    parts.push({ expression, text: text.slice(open + 1, end).trim() });
    from = end + 1;
  }
  if (from < text.length) parts.push(text.slice(from));
  return { parts };
}

/** Returns the path of a URL template as it is written, without values and without the query: `/users/{$args.id}`. */
export function templateText({ segments }: UrlTemplate): string {
  const texts = segments.map(({ parts }) =>
    parts.map((part) => (typeof part === 'string' ? part : `{${part.text}}`)).join(''),
  );
  return `/${texts.join('/')}`;
}

/** Replaces every expression of a template with its value, without encoding. Throws `TemplateError`. */
export function expandTemplate({ parts }: Template, variables: Variables): string {
  return parts.map((part) => (typeof part === 'string' ? part : textOf(part, variables))).join('');
}

/** A URL template: path segments and query parameters, which may contain expressions. */
export interface UrlTemplate {
  /** `https://host:port` of an absolute URL; `undefined` for a path. */
  readonly origin: string | undefined;
  readonly segments: readonly Template[];
  readonly query: readonly (readonly [Template, Template | undefined])[];
}

const ORIGIN = /^(https?:\/\/[^/?#{]+)(.*)$/s;

/**
 * Parses the URL of `GET:` and other methods: a path relative to the source's base URL, or an absolute URL. Line breaks, and
 * white space around them, are ignored.
 * @throws MappingSyntaxError
 */
export function parseUrlTemplate(text: string): UrlTemplate {
  const parts = withoutLayout(parseTemplate(text).parts);
  const first = parts[0];
  const [, origin, rest = ''] = (typeof first === 'string' && ORIGIN.exec(first)) || [];
  if (origin === undefined && typeof first === 'string' && /^[a-z][a-z0-9+.-]*:\/\//i.test(first)) {
    throw new MappingSyntaxError(
      'This is not an http:// or https:// URL with a host.',
      0,
      'Expressions are only allowed in the path and the query.',
    );
  }
  const below = origin === undefined ? parts : [rest, ...parts.slice(1)];
  const [path, query] = split(below, '?', 2);
  return {
    origin,
    segments: split(path ?? [], '/')
      .filter((segment, at) => segment.length > 0 || at > 0)
      .map(asTemplate),
    query:
      query === undefined
        ? []
        : split(query, '&')
            .filter((pair) => pair.length > 0)
            .map(asParameter),
  };
}

function withoutLayout(parts: readonly Part[]): readonly Part[] {
  return parts.map((part, at) => {
    if (typeof part !== 'string') return part;
    const text = joinLines(part);
    const start = at === 0 ? text.trimStart() : text;
    return at === parts.length - 1 ? start.trimEnd() : start;
  });
}

/** Removes line breaks and the white space around them. */
function joinLines(text: string): string {
  const lines = text.split('\n');
  const last = lines.length - 1;
  return lines.map((line, at) => trimSides(line, at > 0, at < last)).join('');
}

function trimSides(line: string, start: boolean, end: boolean): string {
  const text = start ? line.trimStart() : line;
  return end ? text.trimEnd() : text;
}

function asTemplate(parts: readonly Part[]): Template {
  return { parts };
}

function asParameter(parts: readonly Part[]): readonly [Template, Template | undefined] {
  const [name = [], value] = split(parts, '=', 2);
  return [asTemplate(name), value === undefined ? undefined : asTemplate(value)];
}

/** Splits at a character in literal text, into `limit` pieces at most. */
function split(parts: readonly Part[], at: string, limit = Number.POSITIVE_INFINITY): Part[][] {
  const pieces: Part[][] = [[]];
  for (const part of parts) {
    if (typeof part !== 'string') {
      pieces.at(-1)?.push(part);
      continue;
    }
    let rest = part;
    while (pieces.length < limit && rest.includes(at)) {
      const index = rest.indexOf(at);
      if (index > 0) pieces.at(-1)?.push(rest.slice(0, index));
      pieces.push([]);
      rest = rest.slice(index + 1);
    }
    if (rest !== '') pieces.at(-1)?.push(rest);
  }
  return pieces;
}

/**
 * Returns the path segments of a URL with every value percent-encoded. Throws `TemplateError` where a value would change the
 * path: an empty one (`/users/` is the list, not a user), or one that {@link isPathTraversal}.
 */
export function expandSegments(segments: readonly Template[], variables: Variables): string[] {
  return segments.map((segment) => {
    const text = expandSegment(segment, variables);
    const dynamic = segment.parts.filter((part) => typeof part !== 'string');
    const [first] = dynamic;
    if (first === undefined || (text !== '' && !isPathTraversal(text))) return text;
    const written = dynamic.map((part) => `{${part.text}}`).join('');
    const what = text === '' ? 'empty' : `"${text.length > 100 ? `${text.slice(0, 100)}…` : text}"`;
    const isNullReference = text === '' && isNullOfThis(first, variables);
    throw new TemplateError(`${written} is ${what}, which cannot be a path segment`, isNullReference);
  });
}

/** Servers decode a path once or twice, some of them before they look for `..` in it. */
const MAX_DECODINGS = 3;

/**
 * Returns whether servers may interpret a segment as path traversal: `.`, `..`, `%2e%2e`, `..%2Fadmin`, `x%5C..`, `..%3Bx`,
 * `%2F`. A slash within other text, as in `gid://shop/Product/1`, is harmless.
 *
 * @param segment percent-encoded
 */
export function isPathTraversal(segment: string): boolean {
  // fast path for most values
  if (!/[.%]/.test(segment)) return false;
  if (/^(?:%2F|%5C|\/)+$/i.test(segment)) return true;
  let text = segment.replaceAll(/%(?:25)+/g, '%');
  for (let round = 0; round < MAX_DECODINGS; round++) {
    text = text.replaceAll(/%([0-7][0-9a-f])/gi, (_all, code: string) =>
      String.fromCharCode(Number.parseInt(code, 16)),
    );
  }
  return text.split(/[/\\]/).some(isDotSegment);
}

/**
 * Returns whether servers may read text as `.` or `..`. Some treat the text after `;` as a parameter, some drop white space
 * and control characters, and some decode `?` or `#` early, which ends the path.
 */
function isDotSegment(step: string): boolean {
  const [name = ''] = step.split(/[;?#]/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly those are dropped
  return /^\.\.?$/.test(name.replaceAll(/[\u0000-\u0020\u007f]/g, ''));
}

function isNullOfThis(part: Exclude<Part, string>, variables: Variables): boolean {
  const { expression } = part;
  const ofThis = expression.kind === 'path' && expression.head.kind === 'variable' && expression.head.name === '$this';
  return ofThis && nullableText(part, variables) === undefined;
}

function expandSegment({ parts }: Template, variables: Variables): string {
  return parts
    .map((part) => (typeof part === 'string' ? encodeLiteral(part) : encode(textOf(part, variables))))
    .join('');
}

/** Returns `name=value` for each query parameter. A parameter whose value is a single expression that is null is left out. */
export function expandQuery(query: UrlTemplate['query'], variables: Variables): string[] {
  return query.flatMap(([name, value]) => {
    const key = expandSegment(name, variables);
    if (value === undefined) return key === '' ? [] : [key];
    const [only] = value.parts;
    if (value.parts.length === 1 && only !== undefined && typeof only !== 'string') {
      const text = nullableText(only, variables);
      return text === undefined ? [] : [`${key}=${encode(text)}`];
    }
    return [`${key}=${expandSegment(value, variables)}`];
  });
}

function textOf(part: Exclude<Part, string>, variables: Variables): string {
  return nullableText(part, variables) ?? '';
}

function nullableText({ expression, text }: Exclude<Part, string>, variables: Variables): string | undefined {
  const value = mapRequest(expression, variables);
  if (value === null || value === undefined) return undefined;
  const scalar = textOfScalar(value);
  if (scalar !== undefined) return scalar;
  if (Array.isArray(value) && readsHeaders(expression)) return value.join(', ');
  throw new TemplateError(`{${text}} is an ${typeName(value)}: expected a string, number or boolean`);
}

/** Returns whether an expression reads headers. Their values are lists, joined by commas (RFC 9110, section 5.3). */
function readsHeaders(expression: Expression): boolean {
  const head = expression.kind === 'path' ? expression.head : undefined;
  return head?.kind === 'variable' && (head.name === '$request' || head.name === '$response');
}

/** Percent-encodes all characters except the unreserved ones of RFC 3986, section 2.3. */
export function encode(text: string): string {
  return encodeURIComponent(text.replaceAll(/\p{Surrogate}/gu, '\ufffd')).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Encodes only characters that are invalid in URLs: literal text of a template is already a URL. */
function encodeLiteral(text: string): string {
  return text.replaceAll(/[^\x21-\x7e]|["<>\\^`{|}]/gu, (character) => encodeURIComponent(character));
}
