import { createHash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { ArgumentNode } from 'graphql';
import type { ClientFacts } from '../../client/identity.ts';
import { ExactNumber, isNumber, numberText, plainNumber } from '../../shared/exact-json.ts';
import { literalValue } from '../../shared/literal-value.ts';

/** What a request shows of its client. */
export interface Asker extends Partial<ClientFacts> {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface Arguments {
  readonly nodes: readonly ArgumentNode[];
  readonly variables: Readonly<Record<string, unknown>>;
}

/** One part of a meter's key. Different values never make the same text. */
export type KeyPart = (asker: Asker, args: Arguments | undefined) => string;

const NONE = '-';

/**
 * Makes a part out of what a limit goes by: `client`, `ip`, `user`, `claim:NAME`, `header:NAME`, `arg:PATH` or `global`.
 * Who has no user goes by the address; who has no such claim, header or argument counts with all others who have none.
 */
export function keyPart(by: string): KeyPart {
  const colon = by.indexOf(':');
  const name = by.slice(colon + 1);
  switch (colon < 0 ? by : by.slice(0, colon)) {
    case 'client':
      return (asker) => clientKey(asker);
    case 'ip':
      return (asker) => addressKey(asker);
    case 'user':
      return (asker) => (asker.identity?.subject === undefined ? addressKey(asker) : `u${asker.identity.subject}`);
    case 'claim':
      return (asker) => ownText(asker.identity?.claims, name);
    case 'header': {
      const lower = name.toLowerCase();
      return (asker) => textOf(asker.headers[lower]);
    }
    case 'arg':
      return argumentPart(name.split('.'));
    default:
      return () => 'all';
  }
}

/** The owner of an API key, else the subject of a token, else the address. */
function clientKey(asker: Asker): string {
  const { identity } = asker;
  if (identity === undefined) return addressKey(asker);
  if (identity.kind === 'api_key' && identity.clientId !== undefined) return `k${identity.clientId}`;
  if (identity.subject !== undefined) return `u${identity.subject}`;
  return identity.clientId === undefined ? addressKey(asker) : `k${identity.clientId}`;
}

function addressKey({ ip }: Asker): string {
  return ip === undefined || ip === '' ? NONE : `i${networkOf(ip)}`;
}

/**
 * The address that counts: of IPv6 the first 64 bits, for whoever has one address has all that differ in the rest
 * (RFC 6177), and IPv4 as it is.
 *
 * In:  `2001:db8::7:8:9`     `192.0.2.1`
 * Out: `2001:db8:0:0`        `192.0.2.1`
 */
export function networkOf(ip: string): string {
  if (!ip.includes(':')) return ip;
  const [bare = ip] = ip.split('%');
  if (!isIPv6(bare)) return ip;
  if (bare.toLowerCase().startsWith('::ffff:') && bare.includes('.')) return bare.slice('::ffff:'.length);
  const [head = '', tail] = bare.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  // an IPv4 address at the end stands for two groups
  const length = before.length + after.length + (bare.includes('.') ? 1 : 0);
  const groups = [...before, ...Array<string>(Math.max(0, 8 - length)).fill('0'), ...after];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}

function ownText(record: Readonly<Record<string, unknown>> | undefined, name: string): string {
  return record !== undefined && Object.hasOwn(record, name) ? textOf(record[name]) : NONE;
}

function argumentPart([first = '', ...rest]: readonly string[]): KeyPart {
  return (_asker, args) => {
    const node = args?.nodes.find((argument) => argument.name.value === first);
    let value = node === undefined ? undefined : literalValue(node.value, args?.variables);
    for (const name of rest) {
      const inner = value as Record<string, unknown> | null | undefined;
      value = typeof inner === 'object' && inner !== null && Object.hasOwn(inner, name) ? inner[name] : undefined;
    }
    return textOf(value);
  };
}

/** Scalars as text, so that `1`, `1.0` and `"1"` are one ID; what is nested as JSON with sorted keys. */
function textOf(value: unknown): string {
  if (value === undefined || value === null) return NONE;
  if (isNumber(value)) return `=${numberText(value)}`;
  return typeof value === 'object' ? `=${JSON.stringify(sorted(value))}` : `=${String(value)}`;
}

function sorted(value: unknown): unknown {
  if (value instanceof ExactNumber) return plainNumber(value);
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  // entries, for a key may be called `__proto__`
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([key, inner]) => [key, sorted(inner)]);
}

const LONGEST_KEY = 160;

/** Joins parts so that the boundaries between them cannot be forged; long ones become a digest. */
export function joinKey(id: string, parts: readonly string[]): string {
  let key = id;
  for (const part of parts) key += `|${part.length}:${part}`;
  if (key.length <= LONGEST_KEY) return key;
  return `${id}|sha256:${createHash('sha256').update(key).digest('base64url')}`;
}
