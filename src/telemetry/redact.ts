import type { IncomingHttpHeaders } from 'node:http';
import { isSecretParameter, REDACTED } from '../shared/secret-parameters.ts';

/** Headers whose values are credentials, or give access to something, such as the response of a request with the same key. */
const SECRET_HEADERS = [
  'authorization',
  'cookie',
  'idempotency-key',
  'proxy-authorization',
  'set-cookie',
  'x-api-key',
  'x-csrf',
  'x-headgate-debug-token',
];

const LONGEST = 1_000;

/** Returns a function that reads some headers of a request, without the values of secret ones; `undefined` where it has none of them. */
export function headerReader(
  names: readonly string[],
  secret: readonly string[],
): ((headers: IncomingHttpHeaders) => Readonly<Record<string, string>> | undefined) | undefined {
  if (names.length === 0) return undefined;
  const redacted = new Set([...SECRET_HEADERS, ...secret]);
  return (headers) => {
    const found: Record<string, string> = {};
    for (const name of names) {
      const value = headers[name];
      if (value !== undefined) found[name] = redacted.has(name) ? REDACTED : String(value).slice(0, LONGEST);
    }
    return Object.keys(found).length === 0 ? undefined : found;
  };
}

/** Returns a function that reads the query of a URL, without the values of secret parameters; `undefined` where there is none. */
export function queryReader(secret: readonly string[]): (url: string) => string | undefined {
  const others = new Set(secret.map((name) => name.toLowerCase()));
  const isSecret = (name: string) => isSecretParameter(name) || others.has(name);
  return (url) => {
    const at = url.indexOf('?');
    if (at === -1 || at === url.length - 1) return undefined;
    const parts = url
      .slice(at + 1)
      .split('&')
      .map((part) => {
        const equals = part.indexOf('=');
        if (equals === -1) return part;
        return isSecret(parameterName(part.slice(0, equals))) ? `${part.slice(0, equals)}=${REDACTED}` : part;
      });
    return parts.join('&').slice(0, LONGEST);
  };
}

/** Returns the name of a parameter as servers read it, in lower case. */
function parameterName(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' ')).toLowerCase();
  } catch {
    return text.toLowerCase();
  }
}
