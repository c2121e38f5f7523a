import { BlockList, isIP } from 'node:net';
import type { IpListsConfig } from '../../config/sections/ip-lists.ts';
import { isBelow } from './paths.ts';

/** Whether a client at this address (`192.0.2.1`, `2001:db8::1`) may access a path. */
export type AddressFilter = (ip: string, path: string) => boolean;

/** Creates the filter; `undefined` if all addresses are allowed. */
export function createAddressFilter({ allow, deny, routes }: IpListsConfig): AddressFilter | undefined {
  const all = compileAddressList({ allow, deny });
  const perRoute = Object.entries(routes)
    .map(([path, lists]) => ({ path, allows: compileAddressList(lists) }))
    .filter((route) => route.allows !== undefined)
    .sort((a, b) => b.path.length - a.path.length);
  if (all === undefined && perRoute.length === 0) return undefined;
  return (ip, path) => {
    if (all !== undefined && !all(ip)) return false;
    const route = perRoute.find((one) => isBelow(path, one.path));
    return route?.allows === undefined || route.allows(ip);
  };
}

/** Returns a function that checks an address against an allow and a deny list; `undefined` if all are allowed. */
export function compileAddressList({
  allow,
  deny,
}: Pick<IpListsConfig, 'allow' | 'deny'>): ((ip: string) => boolean) | undefined {
  if (allow.length === 0 && deny.length === 0) return undefined;
  const [allowed, denied] = [listOf(allow), listOf(deny)];
  return (ip) => {
    const family = isIP(ip) === 6 ? 'ipv6' : 'ipv4';
    // an address that cannot be parsed is not allowed anywhere
    if (isIP(ip) === 0 || denied.check(ip, family)) return false;
    return allow.length === 0 || allowed.check(ip, family);
  };
}

function listOf(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', length] = range.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    list.addSubnet(address, length === undefined ? (family === 'ipv6' ? 128 : 32) : Number(length), family);
  }
  return list;
}
