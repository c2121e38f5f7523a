import type { ClientContext, Source } from '../sources/source.ts';
import { hash32 } from './choose-endpoint.ts';

/** Which requests go to a variant. */
export interface VariantRule {
  /** Returns whether the request has the header, cookie and claim of the variant. */
  readonly matches?: ((client: ClientContext) => boolean) | undefined;
  /** The share of those requests, between 0 and 1. */
  readonly weight: number;
}

export interface Variant extends VariantRule {
  readonly name: string;
  readonly source: Source;
}

export interface VariantOptions {
  /** What a share of requests goes by: the same user always gets the same variant. */
  readonly stickyKey: (client: ClientContext) => string | undefined;
  readonly chosen?: ((subgraph: string, variant: string) => void) | undefined;
  readonly random?: () => number;
}

/**
 * Sends some requests to a variant of the subgraph, such as a new version (canary), and the others to `base`.
 *
 * The first variant whose rule accepts the request gets it. A user has a point between 0 and 1, the hash of the subgraph and the user's key.
 * Variants without conditions divide these points among them: with 10 % and 20 %, users up to 0.1 get the first variant and users from
 * 0.1 to 0.3 the second one. A variant with conditions has the points from 0 to its weight. So a user stays with a variant while
 * its weight grows. A request without a key has a random point.
 */
export function chooseVariant(base: Source, variants: readonly Variant[], options: VariantOptions): Source {
  const choose = variantChooser(base.name, variants, options);
  const { chosen } = options;
  const sources = [base, ...variants.map(({ source }) => source)];
  return {
    name: base.name,
    // it is a setting of the subgraph, so the same for all
    maxEntities: base.maxEntities,
    send(request, done) {
      const variant = choose(request.client);
      chosen?.(base.name, variant?.name ?? 'base');
      (variant?.source ?? base).send(request, done);
    },
    async close() {
      await Promise.all(sources.map((source) => source.close()));
    },
  };
}

/** Returns a function that chooses the variant of a request; `undefined` for none. */
export function variantChooser<Rule extends VariantRule>(
  subgraph: string,
  rules: readonly Rule[],
  { stickyKey, random = Math.random }: Pick<VariantOptions, 'stickyKey' | 'random'>,
): (client: ClientContext) => Rule | undefined {
  let next = 0;
  const ranges = rules.map((rule) => {
    const from = rule.matches ? 0 : next;
    if (!rule.matches) next += rule.weight;
    return { rule, from, to: from + rule.weight };
  });
  return (client) => {
    let point: number | undefined;
    for (const { rule, from, to } of ranges) {
      if (rule.matches && !rule.matches(client)) continue;
      if (rule.matches && rule.weight === 1) return rule;
      point ??= pointOf(subgraph, stickyKey(client), random);
      if (point >= from && point < to) return rule;
    }
    return undefined;
  };
}

function pointOf(subgraph: string, key: string | undefined, random: () => number): number {
  return key === undefined ? random() : hash32(`${subgraph} `, key) / 2 ** 32;
}
