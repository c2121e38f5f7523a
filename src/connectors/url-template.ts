import { mapRequest } from './mapping/evaluate.ts';
import { textOfScalar, typeName } from './mapping/json.ts';
import { parseExpressionAt } from './mapping/parse.ts';
import type { Variables } from './mapping/scope.ts';
import { type Expression, MappingSyntaxError } from './mapping/syntax.ts';

type Part = string | { readonly expression: Expression; readonly text: string };

/** Text with `{expressions}` in it, as in URLs and header values. */
export interface Template {
  readonly parts: readonly Part[];
}

/** What an expression gave cannot stand where it is used; the message says which, and why. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  /** A null of `$this` stands where a path needs a value. */
  readonly isNullReference: boolean;

  constructor(message: string, isNullReference = false) {
    super(message);
    this.isNullReference = isNullReference;
  }
}

/** @throws MappingSyntaxError */
export function parseTemplate(text: string): Template {
  const parts: Part[] = [];
  let from = 0;
  for (let open = text.indexOf('{'); open !== -1; open = text.indexOf('{', from)) {
    if (open > from) parts.push(text.slice(from, open));
    const { expression, end } = parseExpressionAt(text, open + 1);
    if (text[end] !== '}') {
      throw new MappingSyntaxError('Expected "}" at the end of the expression.', end, 'Write it like {$args.id}.');
    }
    parts.push({ expression, text: text.slice(open + 1, end).trim() });
    from = end + 1;
  }
  if (from < text.length) parts.push(text.slice(from));
  return { parts };
}

/** A template's text with every expression replaced by its value; nothing is encoded. Throws `TemplateError`. */
export function expandTemplate({ parts }: Template, variables: Variables): string {
  return parts.map((part) => (typeof part === 'string' ? part : textOf(part, variables))).join('');
}

/** A URL below a base: its path by segments, each still a template, and its query's parameters. */
export interface UrlTemplate {
  /** `https://host:port` where the template is a whole URL. */
  readonly origin: string | undefined;
  readonly segments: readonly Template[];
  readonly query: readonly (readonly [Template, Template | undefined])[];
}

const ORIGIN = /^(https?:\/\/[^/?#{]+)(.*)$/s;

/**
 * Parses what stands at `GET:` and so on: a path below the source's base URL, or a whole URL. Line breaks and the blanks
 * round them only lay the template out.
 * @throws MappingSyntaxError
 */
export function parseUrlTemplate(text: string): UrlTemplate {
  const parts = withoutLayout(parseTemplate(text).parts);
  const first = parts[0];
  const [, origin, rest = ''] = (typeof first === 'string' && ORIGIN.exec(first)) || [];
  if (origin === undefined && typeof first === 'string' && /^[a-z][a-z0-9+.-]*:\/\//i.test(first)) {
    throw new MappingSyntaxError(
      'This is no http:// or https:// URL with a host.',
      0,
      'Expressions may stand in its path and query only.',
    );
  }
  const below = origin === undefined ? parts : [rest, ...parts.slice(1)];
  const [path, query] = divide(below, '?', 2);
  return {
    origin,
    segments: divide(path ?? [], '/')
      .filter((segment, at) => segment.length > 0 || at > 0)
      .map(asTemplate),
    query:
      query === undefined
        ? []
        : divide(query, '&')
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

/** Without line breaks, and the blanks around them. */
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
  const [name = [], value] = divide(parts, '=', 2);
  return [asTemplate(name), value === undefined ? undefined : asTemplate(value)];
}

/** Divides at a character of the literal text, into `most` pieces at most. */
function divide(parts: readonly Part[], at: string, most = Number.POSITIVE_INFINITY): Part[][] {
  const pieces: Part[][] = [[]];
  for (const part of parts) {
    if (typeof part !== 'string') {
      pieces.at(-1)?.push(part);
      continue;
    }
    let rest = part;
    while (pieces.length < most && rest.includes(at)) {
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
 * The path of a URL with every value percent-encoded as one segment's part. Throws `TemplateError` where a value would
 * make another path of it: nothing at all (`/users/` is the list, not a user), or what {@link leadsElsewhere}.
 */
export function expandSegments(segments: readonly Template[], variables: Variables): string[] {
  return segments.map((segment) => {
    const text = expandSegment(segment, variables);
    const dynamic = segment.parts.filter((part) => typeof part !== 'string');
    const [first] = dynamic;
    if (first === undefined || (text !== '' && !leadsElsewhere(text))) return text;
    const written = dynamic.map((part) => `{${part.text}}`).join('');
    const what = text === '' ? 'empty' : `"${text.length > 100 ? `${text.slice(0, 100)}…` : text}"`;
    const isNullReference = text === '' && isNullOfThis(first, variables);
    throw new TemplateError(`${written} is ${what}: no path can be made of it`, isNullReference);
  });
}

/** Servers decode a path once or twice, some of them before they look for `..` in it. */
const MOST_DECODINGS = 3;

/**
 * Whether a segment is or holds what servers may take for a step within the path: `.`, `..`, `%2e%2e`, `..%2Fadmin`,
 * `x%5C..`, `..%3Bx`, `%2F`. A slash within other text, as in `gid://shop/Product/1`, leads nowhere.
 *
 * @param segment percent-encoded
 */
export function leadsElsewhere(segment: string): boolean {
  // most values have neither
  if (!/[.%]/.test(segment)) return false;
  if (/^(?:%2F|%5C|\/)+$/i.test(segment)) return true;
  let text = segment.replaceAll(/%(?:25)+/g, '%');
  for (let round = 0; round < MOST_DECODINGS; round++) {
    text = text.replaceAll(/%([0-7][0-9a-f])/gi, (_all, code: string) =>
      String.fromCharCode(Number.parseInt(code, 16)),
    );
  }
  return text.split(/[/\\]/).some(isDots);
}

/**
 * Some servers take what comes after `;` for a parameter of the segment, and drop blanks and control characters; where `?` or `#`
 * is decoded too early, the path ends there.
 */
function isDots(step: string): boolean {
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

/** `name=value` for each parameter of the query. One whose value is a lone expression that gives null is left out. */
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

/** Headers are lists of values; as text they are what HTTP makes of such (RFC 9110, section 5.3). */
function readsHeaders(expression: Expression): boolean {
  const head = expression.kind === 'path' ? expression.head : undefined;
  return head?.kind === 'variable' && (head.name === '$request' || head.name === '$response');
}

/** Everything but the unreserved characters of RFC 3986, section 2.3, is percent-encoded. */
export function encode(text: string): string {
  return encodeURIComponent(text.replaceAll(/\p{Surrogate}/gu, '\ufffd')).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Literal text of a template is a URL already; only what can be in no URL is encoded. */
function encodeLiteral(text: string): string {
  return text.replaceAll(/[^\x21-\x7e]|["<>\\^`{|}]/gu, (character) => encodeURIComponent(character));
}
