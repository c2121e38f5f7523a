import type { Identity } from '../../client/identity.ts';
import type { ContextName } from '../../config/sections/headers.ts';
import type { ClientContext } from '../../sources/source.ts';

/** What the gateway knows of a client request by this name, as a header value. */
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
      // a scope with a blank in it would be read as two
      return asHeader(identity?.scopes.filter((scope) => !/\s/.test(scope)).join(' '));
    case 'client_id':
      return asHeader(identity?.clientId);
    case 'plan':
      return asHeader(identity?.plan);
    case 'kind':
      return identity?.kind;
  }
}

/** A claim by its name, or by a path of names: `sub`, `https://example.com/tenant`, `realm_access.roles`. */
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

/** Lists of texts with commas between them; objects and other lists as JSON. */
function asHeader(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return encoded(joined(value));
  return encoded(typeof value === 'object' ? JSON.stringify(value) : String(value));
}

/**
 * A list of HTTP (RFC 9110, section 5.6). What could be taken for more than one item, or for something around one, is quoted,
 * its commas escaped as well: who divides at commas without an eye for quotes gets no item either that is not in the list.
 *
 * In:  `["viewer", "x,admin,y"]`
 * Out: `viewer,"x\,admin\,y"`
 */
function joined(items: readonly string[]): string {
  return items.map((item) => (PLAIN_ITEM.test(item) ? item : `"${item.replaceAll(/[\\",;]/g, '\\$&')}"`)).join(',');
}

/** Without what has a meaning in lists: `,` `;` `"` `\`, blanks at the ends; and not empty. */
const PLAIN_ITEM = /^[^\s",;\\](?:[^",;\\\t]*[^\s",;\\])?$/;

/** Headers are bytes: text beyond ASCII goes as UTF-8. */
function encoded(text: string): string | undefined {
  if (PRINTABLE_ASCII.test(text)) return text;
  return headerText(Buffer.from(text, 'utf8').toString('latin1'));
}

const PRINTABLE_ASCII = /^[ -~]*$/;

// biome-ignore lint/suspicious/noControlCharactersInRegex: exactly those are not allowed (RFC 9110, section 5.5)
const UNSAFE = /[\u0000-\u0008\u000a-\u001f\u007f]|[^\u0000-\u00ff]/;

/** A value that may stand in a header as it is; `undefined` for one with line breaks or other control characters. */
export function headerText(value: string | readonly string[] | undefined): string | undefined {
  return typeof value !== 'string' || UNSAFE.test(value) ? undefined : value;
}
