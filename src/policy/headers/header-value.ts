import type { Identity } from '../../client/identity.ts';
import type { ContextName } from '../../config/sections/headers.ts';
import { ExactNumber, stringifyJson } from '../../shared/exact-json.ts';
import type { ClientContext } from '../../sources/source.ts';

/** Returns a property of the client request as a header value. */
export function contextValue(client: ClientContext, name: ContextName): string | undefined {
  const { identity } = client;
  switch (name) {
    case 'ip':
      return headerText(client.ip);
    case 'request_id':
      return headerText(client.requestId);
    case 'subject':
      return asHeader(identity?.subject);
    case 'scopes':
      // a scope with a space in it would be read as two
      return asHeader(identity?.scopes.filter((scope) => !/\s/.test(scope)).join(' '));
    case 'client_id':
      return asHeader(identity?.clientId);
    case 'plan':
      return asHeader(identity?.plan);
    case 'kind':
      return identity?.kind;
  }
}

/** Reads a claim by its name, or by a path of names: `sub`, `https://example.com/tenant`, `realm_access.roles`. */
export function identityValue(identity: Identity | undefined, path: string): string | undefined {
  if (identity === undefined) return undefined;
  const { claims } = identity;
  return asHeader(Object.hasOwn(claims, path) ? claims[path] : follow(claims, path.split('.')));
}

function follow(value: unknown, names: readonly string[]): unknown {
  let at = value;
  for (const name of names) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as Record<string, unknown>)[name];
  }
  return at;
}

/** Formats lists of strings with commas; objects and other lists as JSON. */
function asHeader(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (value instanceof ExactNumber) return value.text;
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return encoded(joined(value));
  return encoded(typeof value === 'object' ? stringifyJson(value) : String(value));
}

/**
 * Formats a list (RFC 9110, section 5.6). Items that could be read as several items are quoted, with their commas escaped. A
 * parser that splits at commas and ignores quotes then gets no item that is not in the list.
 *
 * In:  `["viewer", "x,admin,y"]`
 * Out: `viewer,"x\,admin\,y"`
 */
function joined(items: readonly string[]): string {
  return items.map((item) => (PLAIN_ITEM.test(item) ? item : `"${item.replaceAll(/[\\",;]/g, '\\$&')}"`)).join(',');
}

/** An item without list syntax (`,` `;` `"` `\`) and without spaces at its ends; not empty. */
const PLAIN_ITEM = /^[^\s",;\\](?:[^",;\\\t]*[^\s",;\\])?$/;

/** Encodes text beyond ASCII as UTF-8, since headers are bytes. */
function encoded(text: string): string | undefined {
  if (PRINTABLE_ASCII.test(text)) return text;
  return headerText(Buffer.from(text, 'utf8').toString('latin1'));
}

const PRINTABLE_ASCII = /^[ -~]*$/;

// biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these are not allowed (RFC 9110, section 5.5)
const UNSAFE = /[\u0000-\u0008\u000a-\u001f\u007f]|[^\u0000-\u00ff]/;

/** Returns the value if it is valid in a header; `undefined` if it has line breaks or other control characters. */
export function headerText(value: string | readonly string[] | undefined): string | undefined {
  return typeof value !== 'string' || UNSAFE.test(value) ? undefined : value;
}
