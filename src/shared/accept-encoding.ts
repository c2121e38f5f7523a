import { type Coding, HAS_ZSTD } from './content-codings.ts';

/** In the order of preference where a client ranks them equally. */
const OFFERED: readonly Coding[] = HAS_ZSTD ? ['br', 'zstd', 'gzip'] : ['br', 'gzip'];

/** What a client takes. */
export interface AcceptedCodings {
  /** The coding that it likes best of those that there are; `undefined` when it likes `identity` better, or takes none. */
  readonly best: Coding | undefined;
  /** Whether it takes a body without a coding. */
  readonly identity: boolean;
}

const PLAIN: AcceptedCodings = { best: undefined, identity: true };

/** Clients send few different values, and send them each time; the bound is for those who make them up. */
const CACHE_SIZE = 200;
const cache = new Map<string, AcceptedCodings>();

/** @see https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3 */
export function readAcceptEncoding(header: string | undefined): AcceptedCodings {
  if (header === undefined) return PLAIN;
  let accepted = cache.get(header);
  if (accepted === undefined) {
    accepted = read(header);
    if (cache.size < CACHE_SIZE) cache.set(header, accepted);
  }
  return accepted;
}

/** The coding to answer with; `undefined` for none. */
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

/** By coding; `x-gzip` is `gzip`. What has no weight that can be read is left out. */
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

/** What stands behind `q=`; `undefined` for another parameter. */
function qualityIn(parameter: string): string | undefined {
  const mark = parameter.indexOf('=');
  return parameter.slice(0, Math.max(mark, 0)).trimEnd() === 'q' ? parameter.slice(mark + 1).trimStart() : undefined;
}
