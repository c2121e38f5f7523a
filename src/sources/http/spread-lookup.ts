import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

/** Looks up all addresses of a host, as `dns.lookup` does with `all: true`. */
export type Lookup = (
  host: string,
  options: LookupOptions & { readonly all: true },
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * Returns a look-up for `net.connect` that starts each connection with the next address of the host, so that connections spread over
 * its addresses. An address that refuses costs no more than a try: Node goes on with the next one.
 */
export function spreadLookup(lookup: Lookup = systemLookup): LookupFunction {
  let turn = 0;
  return (host, options, callback) => {
    lookup(host, { ...options, all: true }, (error, addresses) => {
      const spread = error ? [] : rotated(addresses, turn++);
      const first = spread[0];
      if (error || !first) callback(error, '', undefined);
      else if (options.all) callback(null, spread);
      else callback(null, first.address, first.family);
    });
  };
}

/**
 * Rotates the addresses of the family that the system prefers; the others stay behind them, since this machine may have no route to
 * their family. The order is by address first: servers of DNS rotate their answers, and two rotations may cancel each other.
 */
export function rotated(addresses: readonly LookupAddress[], turn: number): LookupAddress[] {
  const preferred = addresses
    .filter(({ family }) => family === addresses[0]?.family)
    .sort((a, b) => (a.address < b.address ? -1 : 1));
  const others = addresses.filter(({ family }) => family !== addresses[0]?.family);
  const start = preferred.length === 0 ? 0 : turn % preferred.length;
  return [...preferred.slice(start), ...preferred.slice(0, start), ...others];
}
