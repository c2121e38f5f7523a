import { type Coding, HAS_ZSTD } from './content-codings.ts';

/** Codings in the order of preference, for clients without one. */
const OFFERED: readonly Coding[] = HAS_ZSTD ? ['br', 'zstd', 'gzip'] : ['br', 'gzip'];

/** The content codings that a client accepts. */
export interface AcceptedCodings {
  /** The supported coding with the highest weight; `undefined` if `identity` has a higher one, or none is accepted. */
  readonly best: Coding | undefined;
  /** Whether it accepts a body without a coding. */
  readonly identity: boolean;
}

/** Nothing but a body without a coding. */
export const PLAIN: AcceptedCodings = { best: undefined, identity: true };

/** Clients send few different values, again and again. The limit is for clients that invent values. */
const CACHE_SIZE = 200;
const cache = new Map<string, AcceptedCodings>();

/** Reads `Accept-Encoding` (RFC 9110, section 12.5.3). */
export function readAcceptEncoding(header: string | undefined): AcceptedCodings {
  if (header === undefined) return PLAIN;
  let accepted = cache.get(header);
  if (accepted === undefined) {
    accepted = read(header);
    if (cache.size < CACHE_SIZE) cache.set(header, accepted);
  }
  return accepted;
}

/**
 * Returns whether a client accepts no coding that a response can have, not even `identity`.
 * @param mayEncode whether responses can have another coding than `identity`
 */
export function excludesAllCodings(header: string | undefined, mayEncode: boolean): boolean {
  const { best, identity } = readAcceptEncoding(header);
  return !identity && (!mayEncode || best === undefined);
}

/** Returns the coding for a response; `undefined` for none. */
export function chooseEncoding(header: string | undefined): Coding | undefined {
  return readAcceptEncoding(header).best;
}

function read(header: string): AcceptedCodings {
  const weights = weightsIn(header);
  const weightOf = (name: string) => weights.get(name) ?? weights.get('*') ?? 0;
  let best: Coding | undefined;
  for (const coding of OFFERED) {
    if (weightOf(coding) > (best === undefined ? 0 : weightOf(best))) best = coding;
  }
  const identity = (weights.get('identity') ?? weights.get('*')) !== 0;
  if (best !== undefined && (weights.get('identity') ?? 0) > weightOf(best)) best = undefined;
  return { best, identity };
}

/** Returns weights by coding; `x-gzip` is `gzip`. Skips items whose weight is not a number. */
function weightsIn(header: string): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const item of header.toLowerCase().split(',')) {
    const [name = '', ...parameters] = item.split(';').map((part) => part.trim());
    const quality = parameters.map(qualityIn).find((text) => text !== undefined);
    const weight = quality === undefined ? 1 : Number(quality);
    if (name !== '' && !Number.isNaN(weight)) weights.set(name === 'x-gzip' ? 'gzip' : name, weight);
  }
  return weights;
}

/** Returns the value of `q`; `undefined` for another parameter. */
function qualityIn(parameter: string): string | undefined {
  const mark = parameter.indexOf('=');
  return parameter.slice(0, Math.max(mark, 0)).trimEnd() === 'q' ? parameter.slice(mark + 1).trimStart() : undefined;
}
