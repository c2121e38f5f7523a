import type { Variables } from './mapping/evaluate.ts';
import { mapRequest } from './mapping/evaluate.ts';
import { textOfScalar, typeName } from './mapping/json.ts';
import { parseExpressionAt } from './mapping/parse.ts';
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
  readonly ofNothing: boolean;

  constructor(message: string, ofNothing = false) {
    super(message);
    this.ofNothing = ofNothing;
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
    const text = part.replaceAll(/\s*\n\s*/g, '');
    const start = at === 0 ? text.trimStart() : text;
    return at === parts.length - 1 ? start.trimEnd() : start;
  });
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
 * make another path of it: nothing at all (`/users/` is the list, not a user), or `..`.
 */
export function expandSegments(segments: readonly Template[], variables: Variables): string[] {
  return segments.map((segment) => {
    const text = expandSegment(segment, variables);
    const dynamic = segment.parts.find((part) => typeof part !== 'string');
    if (dynamic === undefined || (text !== '' && text !== '.' && text !== '..')) return text;
    const what = text === '' ? 'empty' : `"${text}"`;
    const ofNothing = text === '' && isNullOfThis(dynamic, variables);
    throw new TemplateError(`{${dynamic.text}} is ${what}: no path can be made of it`, ofNothing);
  });
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
