import type { DocumentNode } from 'graphql';
import { parseJson } from '../../shared/exact-json.ts';
import type { Endpoint } from '../endpoints/endpoints.ts';
import { matchRoute } from '../endpoints/route.ts';

/** The comment at the top of an endpoint's file. */
export interface Comment {
  /** First sentence or line. */
  readonly summary: string;
  /** Text with wrapped lines joined, without the example requests. */
  readonly text: string;
}

const REQUEST = /^\s+(?:GET|POST|PUT|PATCH|DELETE) (\/\S+)(?:\s+(\{.*\}))?$/;

/** Returns the documentation of an endpoint: the `#` lines at the top of its file; `undefined` where there are none. */
export function commentOf(document: DocumentNode): Comment | undefined {
  const paragraphs: string[] = [];
  let isParagraphOpen = false;
  for (const line of linesOf(document)) {
    if (REQUEST.test(line)) isParagraphOpen = false;
    else if (line.trim() === '') isParagraphOpen = false;
    else if (isParagraphOpen && !line.startsWith(' ')) paragraphs.push(`${paragraphs.pop()} ${line}`);
    else {
      paragraphs.push(line);
      isParagraphOpen = true;
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
 * Returns the parameter values of the first example request in the comment, as strings: in
 * `GET /bff/mobile/dashboard/u1?orders=3`, `userId` is `u1` and `orders` is `3`. A JSON object after the URL is the body.
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
