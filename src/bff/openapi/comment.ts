import type { DocumentNode } from 'graphql';
import { parseJson } from '../../shared/exact-json.ts';
import type { Endpoint } from '../endpoints/endpoints.ts';
import { matchRoute } from '../endpoints/route.ts';

export interface Comment {
  /** The first sentence or line. */
  readonly summary: string;
  /** Lines that were only wrapped are joined; the example requests are not among them. */
  readonly text: string;
}

const REQUEST = /^\s+(?:GET|POST|PUT|PATCH|DELETE) (\/\S+)(?:\s+(\{.*\}))?$/;

/** What stands in `#` lines at the top of an endpoint's file: that is its documentation. */
export function commentOf(document: DocumentNode): Comment | undefined {
  const paragraphs: string[] = [];
  let open = false;
  for (const line of linesOf(document)) {
    if (REQUEST.test(line)) open = false;
    else if (line.trim() === '') open = false;
    else if (open && !line.startsWith(' ')) paragraphs.push(`${paragraphs.pop()} ${line}`);
    else {
      paragraphs.push(line);
      open = true;
    }
  }
  const [first] = paragraphs;
  if (first === undefined) return undefined;
  return { summary: first.split(/(?<=\.) /)[0] ?? first, text: paragraphs.join('\n\n') };
}

function linesOf(document: DocumentNode): string[] {
  const lines: string[] = [];
  for (const line of document.loc?.source.body.split('\n') ?? []) {
    const text = /^\s*#\s?(.*)$/.exec(line)?.[1];
    if (text === undefined) break;
    lines.push(text.trimEnd());
  }
  return lines;
}

/**
 * Values of parameters from the example request in the comment, texts as a URL has them: `GET /bff/mobile/dashboard/u1?orders=3`
 * says that `userId` may be `u1`, and `orders` `3`. A JSON object behind it is an example of the body.
 */
export function exampleRequest({ document, client, route }: Endpoint): { values: Map<string, string>; body: unknown } {
  for (const line of linesOf(document)) {
    const [, target, body] = REQUEST.exec(line) ?? [];
    if (target === undefined) continue;
    const { pathname, searchParams } = new URL(target, 'http://gateway');
    const [, , first, ...segments] = pathname.split('/');
    const values = first === client ? matchRoute(route, segments) : undefined;
    if (values) return { values: new Map([...values, ...searchParams]), body: parse(body) };
  }
  return { values: new Map(), body: undefined };
}

function parse(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : parseJson(text);
  } catch {
    return undefined;
  }
}
