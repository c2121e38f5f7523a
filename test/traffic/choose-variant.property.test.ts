import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ClientContext } from '../../src/sources/source.ts';
import { type VariantRule, variantChooser } from '../../src/traffic/choose-variant.ts';
import { runs } from '../runs.ts';

const clientOf = (user: string | undefined, headers: Record<string, string> = {}): ClientContext => ({
  requestId: 'r',
  headers: { ...headers, ...(user !== undefined && { 'x-user': user }) },
});
const stickyKey = ({ headers }: ClientContext) => headers['x-user'] as string | undefined;
const users = Array.from({ length: 4_000 }, (_, at) => `user-${at}`);

type Named = VariantRule & { readonly name: string };

/** The variant of a user among variants with these weights, in percent. */
function chooser(...weights: number[]) {
  const rules: Named[] = weights.map((weight, at) => ({ name: `v${at}`, weight: weight / 100 }));
  const choose = variantChooser('stock', rules, { stickyKey });
  return (user: string) => choose(clientOf(user))?.name;
}

describe('variants by weight', () => {
  it('get their shares of the users, and the base the rest', () => {
    const choose = chooser(10, 30);
    const names = users.map(choose);
    const share = (name: string | undefined) => names.filter((one) => one === name).length / users.length;
    for (const [name, expected] of [
      ['v0', 0.1],
      ['v1', 0.3],
      [undefined, 0.6],
    ] as const)
      expect(Math.abs(share(name) - expected)).toBeLessThan(0.03);
  });

  it('keep their users while the weight grows', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 100 }),
        fc.integer({ min: 0, max: 100 }),
        fc.string(),
        (one, other, user) => {
          const [small, large] = [Math.min(one, other), Math.max(one, other)];
          expect(chooser(small)(user)).toBe(chooser(small)(user));
          if (chooser(small)(user) === 'v0') expect(chooser(large)(user)).toBe('v0');
        },
      ),
      { numRuns: runs(1_000) },
    );
  });

  it('choose at random for requests without a user', () => {
    const points = [0.05, 0.5];
    const choose = variantChooser('stock', [{ weight: 0.1, name: 'new' }], {
      stickyKey,
      random: () => points.shift() ?? 1,
    });
    expect([choose(clientOf(undefined))?.name, choose(clientOf(undefined))?.name]).toEqual(['new', undefined]);
  });
});

describe('variants by condition', () => {
  const isBeta = ({ headers }: ClientContext) => headers['x-beta'] === '1';
  const rules: Named[] = [
    { name: 'beta', weight: 1, matches: isBeta },
    { name: 'all', weight: 1 },
  ];

  it('get the requests that match; the first variant that accepts a request gets it', () => {
    const choose = variantChooser('stock', rules, { stickyKey });
    expect(choose(clientOf('ada', { 'x-beta': '1' }))?.name).toBe('beta');
    expect(choose(clientOf('ada'))?.name).toBe('all');
  });

  it('with a weight get that share of the users that match', () => {
    const choose = variantChooser('stock', [{ name: 'beta', weight: 0.5, matches: isBeta }], { stickyKey });
    const chosen = users.filter((user) => choose(clientOf(user, { 'x-beta': '1' }))?.name === 'beta');
    expect(Math.abs(chosen.length / users.length - 0.5)).toBeLessThan(0.05);
    expect(users.filter((user) => choose(clientOf(user)) !== undefined)).toEqual([]);
  });
});
