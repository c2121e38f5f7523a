import type { IncomingHttpHeaders } from 'node:http';
import { BlockList, isIP, type Socket } from 'node:net';

/** Returns the peer's address: `192.0.2.1`, `2001:db8::1`; empty when the connection is closed. */
export function peerAddress(socket: Socket): string {
  return unmapped(socket.remoteAddress ?? '');
}

/** Unwraps an IPv4 address that an IPv6 socket shows as `::ffff:192.0.2.1` (RFC 4291, section 2.5.5.2). */
function unmapped(address: string): string {
  return address.length > 7 && address.includes('.') && /^::ffff:/i.test(address) ? address.slice(7) : address;
}

/** Whether an address is in a set of addresses and ranges. */
export type AddressSet = (address: string) => boolean;

/** @param ranges `10.0.0.0/8`, `192.0.2.7`, `2001:db8::/32`. Throws a `RangeError` for anything else. */
export function addressSet(ranges: readonly string[]): AddressSet {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', length] = range.split('/');
    const family = isIP(address);
    if (family === 0) throw new RangeError(`"${range}" is neither an address nor a range of addresses.`);
    const type = family === 4 ? 'ipv4' : 'ipv6';
    if (length === undefined) list.addAddress(address, type);
    else list.addSubnet(address, Number(length), type);
  }
  // the same proxies and clients come again and again, and a look-up in the list costs as much as a hash of a token
  const known = new Map<string, boolean>();
  return (address) => {
    let inside = known.get(address);
    if (inside === undefined) {
      const family = isIP(address);
      inside = family !== 0 && list.check(address, family === 4 ? 'ipv4' : 'ipv6');
      if (known.size >= MOST_CACHED) known.clear();
      known.set(address, inside);
    }
    return inside;
  };
}

const MOST_CACHED = 10_000;

/** Returns the client's address, behind trusted proxies. */
export type ClientAddress = (peer: string, headers: IncomingHttpHeaders) => string;

/** The longest chain of proxies that is read. */
const MOST_HOPS = 32;

/**
 * Walks the header from its right end, where the nearest proxy has written, as long as the address that has written is
 * trusted. Text from the client itself is left of what the first trusted proxy has added, and is never reached.
 *
 * @param header `x-forwarded-for`, `forwarded` (RFC 7239), or one with a single address
 */
export function clientAddress(trusts: AddressSet, header: string): ClientAddress {
  const addressesIn = header === 'forwarded' ? forwardedFor : forwardedAddresses;
  return (peer, headers) => {
    const text = headers[header];
    if (text === undefined || !trusts(peer)) return peer;
    let client = peer;
    for (const address of addressesIn(String(text))) {
      // no known proxy writes this
      if (address === undefined) return client;
      client = address;
      if (!trusts(client)) return client;
    }
    return client;
  };
}

function forwardedAddresses(text: string): (string | undefined)[] {
  return text.split(',').slice(-MOST_HOPS).reverse().map(readAddress);
}

/**
 * Splits at commas inside quotes too: otherwise a quote that a client opens and never closes would swallow what proxies
 * write after it.
 */
function forwardedFor(text: string): (string | undefined)[] {
  return text.split(',').slice(-MOST_HOPS).reverse().map(forParameter);
}

/** `for=192.0.2.60;proto=http`, `For="[2001:db8:cafe::17]:4711"`. */
function forParameter(element: string): string | undefined {
  for (const pair of element.split(';')) {
    const mark = pair.indexOf('=');
    if (mark > 0 && pair.slice(0, mark).trim().toLowerCase() === 'for') {
      const value = pair.slice(mark + 1).trim();
      return readAddress(value.replace(/^"(.*)"$/, '$1'));
    }
  }
  return undefined;
}

/** Returns an address without its port: `192.0.2.1:80`, `[2001:db8::1]:80`; `undefined` for anything else. */
function readAddress(text: string): string | undefined {
  const trimmed = text.trim();
  if (isIP(trimmed) === 4) return trimmed;
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(trimmed)?.[1];
  const bare = bracketed ?? (/^[\d.]+:\d+$/.test(trimmed) ? trimmed.slice(0, trimmed.indexOf(':')) : trimmed);
  const address = unmapped(bare);
  return isIP(address) === 0 ? undefined : address;
}

/**
 * Returns the address by which one client is recognised: an IPv4 address, or the first 64 bits of an IPv6 address, since each
 * client chooses the other 64 (RFC 4291, section 2.5.1). An IPv4 address within IPv6 counts as that IPv4 address.
 *
 * @example addressGroup('2001:db8:1:2:3:4:5:6') // '2001:db8:1:2::/64'
 * @example addressGroup('::ffff:c000:201') // '192.0.2.1'
 */
export function addressGroup(ip: string): string {
  if (!ip.includes(':')) return ip;
  const groups = groupsOf(ip.split('%')[0] ?? '');
  if (groups === undefined) return ip;
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return [6, 7].flatMap((at) => [(groups[at] ?? 0) >> 8, (groups[at] ?? 0) & 0xff]).join('.');
  }
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
}

/** Returns the eight groups of an IPv6 address; `undefined` for anything else. */
function groupsOf(address: string): number[] | undefined {
  if (isIP(address) !== 6) return undefined;
  const [head = '', tail] = address.split('::');
  const left = numbersIn(head);
  const right = numbersIn(tail ?? '');
  return [...left, ...Array<number>(Math.max(0, 8 - left.length - right.length)).fill(0), ...right];
}

/** Parses groups; an IPv4 address at the end counts as two: `1:2:192.0.2.1`. */
function numbersIn(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}
