import type { Endpoint } from './endpoint.ts';

/**
 * Chooses one of several URLs for a request.
 * @param candidates at least one
 * @param key what consistent hashing goes by; `undefined` where the request does not have it
 */
export type ChooseEndpoint = (candidates: readonly Endpoint[], key: string | undefined) => Endpoint;

export type BalancingPolicy = 'round_robin' | 'least_requests' | 'consistent_hash';

/** @param random returns a number from 0 to below 1 */
export function chooserOf(policy: BalancingPolicy, random: () => number = Math.random): ChooseEndpoint {
  if (policy === 'least_requests') return (candidates) => chooseLeastRequests(candidates, random);
  if (policy === 'consistent_hash')
    return (candidates, key) => (key === undefined ? chooseRoundRobin(candidates) : chooseByHash(candidates, key));
  return chooseRoundRobin;
}

/**
 * Smooth weighted round robin, as in nginx: each candidate gains its weight, the one with the most is chosen, and pays the sum of all
 * weights. With the weights 5, 1 and 1 the order is a a b a c a a, and not a a a a a b c.
 */
export function chooseRoundRobin(candidates: readonly Endpoint[]): Endpoint {
  let total = 0;
  let best = candidates[0] as Endpoint;
  for (const candidate of candidates) {
    total += candidate.share;
    candidate.currentWeight += candidate.share;
    if (candidate.currentWeight > best.currentWeight) best = candidate;
  }
  best.currentWeight -= total;
  return best;
}

/**
 * The power of two choices: draws two different candidates at random, by weight, and chooses the one with fewer requests in flight for
 * its weight. Nearly as even as to look for the least of all, and several gateways do not all choose the same one.
 * @see https://www.eecs.harvard.edu/~michaelm/postscripts/handbook2001.pdf
 */
export function chooseLeastRequests(candidates: readonly Endpoint[], random: () => number): Endpoint {
  const one = draw(candidates, random, undefined);
  if (candidates.length === 1) return one;
  const other = draw(candidates, random, one);
  return other.inFlight / other.share < one.inFlight / one.share ? other : one;
}

/** Draws a candidate other than `except`, by weight. */
function draw(candidates: readonly Endpoint[], random: () => number, except: Endpoint | undefined): Endpoint {
  let total = 0;
  for (const candidate of candidates) if (candidate !== except) total += candidate.share;
  let rest = random() * total;
  let last = candidates[0] as Endpoint;
  for (const candidate of candidates) {
    if (candidate === except) continue;
    last = candidate;
    rest -= candidate.share;
    if (rest < 0) break;
  }
  return last;
}

/**
 * Weighted rendezvous hashing: each candidate gets a score from the hash of key and URL, and the highest wins. A URL that is missing
 * moves only its own keys, each of them to the URL with the next highest score, and they come back with it.
 * @see https://www.ietf.org/archive/id/draft-mohanty-bess-weighted-hrw-02.html
 */
export function chooseByHash(candidates: readonly Endpoint[], key: string): Endpoint {
  let best = candidates[0] as Endpoint;
  let bestScore = Number.NEGATIVE_INFINITY;
  for (const candidate of candidates) {
    const score = -candidate.share / Math.log((hash32(candidate.url, key) + 0.5) / 2 ** 32);
    if (score > bestScore) {
      best = candidate;
      bestScore = score;
    }
  }
  return best;
}

/** FNV-1a over both texts, then the last steps of MurmurHash3, which spread similar texts over all values. */
export function hash32(one: string, other: string): number {
  let hash = fnv1a(fnv1a(0x811c9dc5, one), other);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function fnv1a(start: number, text: string): number {
  let hash = start;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash;
}
