import { type ServerResponse, STATUS_CODES } from 'node:http';
import { stringifyJson } from '../../shared/exact-json.ts';

/** A response of the login routes. It is never cached. */
export interface LoginResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly setCookies?: readonly string[];
  /** Sent as JSON; no body if left out. */
  readonly body?: object;
}

const JSON_TYPE = 'application/json; charset=utf-8';
const PROBLEM_TYPE = 'application/problem+json';

export function redirect(location: string, setCookies: readonly string[] = []): LoginResponse {
  return { status: 302, headers: { location }, setCookies };
}

/** @see https://www.rfc-editor.org/rfc/rfc9457 */
export function problem(
  status: number,
  kind: string,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
): LoginResponse {
  const body = { type: `urn:headgate:problem:${kind}`, title: STATUS_CODES[status] ?? 'Problem', status, detail };
  return { status, headers: { 'content-type': PROBLEM_TYPE, ...headers }, body };
}

export function sendLoginResponse(
  res: ServerResponse,
  { status, headers, setCookies = [], body }: LoginResponse,
): void {
  if (res.destroyed || res.headersSent) return;
  const text = body === undefined ? '' : stringifyJson(body);
  if (setCookies.length > 0) res.setHeader('set-cookie', setCookies);
  res.writeHead(status, {
    'content-type': JSON_TYPE,
    'cache-control': 'no-store',
    // the callback URL has a code in it
    'referrer-policy': 'no-referrer',
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  res.end(text);
}
