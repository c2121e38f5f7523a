import { type Reads, reads } from '../client/depends-on.ts';
import type { VariantSection } from '../config/sections/variants.ts';
import type { ClientContext, Source } from '../sources/source.ts';
import type { VariantInstruments } from '../telemetry/variant-instruments.ts';
import { chooseVariant, type Variant } from '../traffic/choose-variant.ts';
import { cookieReader, requestKey } from './request-key.ts';

/**
 * Opens the variants of a subgraph. Closes what was opened when one of them cannot be.
 * @param open opens one of them, or the subgraph itself (`undefined`)
 */
export function openVariants(
  sections: readonly VariantSection[] | undefined,
  open: (section: VariantSection | undefined) => Source,
  instruments: (() => VariantInstruments) | undefined,
): Source {
  const base = open(undefined);
  if (sections === undefined) return base;
  const variants: Variant[] = [];
  try {
    for (const section of sections) {
      const { name, weight = 1, match } = section;
      variants.push({ name, weight, matches: match && matcher(match), source: open(section) });
    }
  } catch (error) {
    for (const { source } of [{ source: base }, ...variants]) void source.close();
    throw error;
  }
  return chooseVariant(base, variants, { stickyKey: requestKey('user'), chosen: instruments?.().chosen });
}

/** Returns what the choice of a variant reads of requests. */
export function readsOfVariants(sections: readonly VariantSection[]): Reads {
  const isSticky = sections.some(({ weight }) => weight !== undefined && weight < 1);
  return reads({
    headers: sections.flatMap(({ match }) => [
      ...(match?.header ? [match.header.name.toLowerCase()] : []),
      ...(match?.cookie ? ['cookie'] : []),
    ]),
    identity: isSticky || sections.some(({ match }) => match?.claim !== undefined),
    address: isSticky,
  });
}

function matcher({ header, cookie, claim }: NonNullable<VariantSection['match']>): (client: ClientContext) => boolean {
  const conditions = [
    ...(header ? [{ read: headerReader(header.name), value: header.value }] : []),
    ...(cookie ? [{ read: cookieReader(cookie.name), value: cookie.value }] : []),
    ...(claim ? [{ read: claimReader(claim.name), value: claim.value }] : []),
  ];
  return (client) =>
    conditions.every(({ read, value }) => {
      const found = read(client);
      return value === undefined ? found !== undefined : found === value;
    });
}

function headerReader(name: string): (client: ClientContext) => string | undefined {
  const lower = name.toLowerCase();
  return ({ headers }) => headers[lower]?.toString();
}

/** Claims are compared by the texts of scalars, as rate limits do. */
function claimReader(name: string): (client: ClientContext) => string | undefined {
  const read = requestKey(`claim:${name}`);
  return (client) => read(client)?.slice(1);
}
