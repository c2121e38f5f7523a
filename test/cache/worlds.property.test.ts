import fc from 'fast-check';
import { expect, it } from 'vitest';
import { runs } from '../runs.ts';
import { cachedWorld, subgraph } from './cached-world.ts';

const IDS = ['a', 'b', 'c'];
const USERS = ['ada', 'bob', undefined];

/** What the schema allows, in milliseconds. */
const NAME_MS = 30_000;
const FACT_MS = 20_000;

type Step =
  | {
      readonly kind: 'ask';
      readonly ids: readonly string[];
      readonly user: string | undefined;
      readonly selects: string;
    }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'change'; readonly id: string; readonly how: 'silently' | 'mutation' | 'invalidation' }
  | { readonly kind: 'remove'; readonly id: string }
  | { readonly kind: 'fail'; readonly which: 'items' | 'facts'; readonly isDown: boolean }
  | { readonly kind: 'hold' }
  | { readonly kind: 'release' };

const id = fc.constantFrom(...IDS);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('ask' as const),
      ids: fc.uniqueArray(id, { minLength: 1 }),
      user: fc.constantFrom(...USERS),
      selects: fc.constantFrom('name fact', 'fact', 'name', 'mine', 'fact mine'),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 25_000 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('change' as const),
      id,
      how: fc.constantFrom('silently' as const, 'mutation' as const, 'invalidation' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), id }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('fail' as const),
      which: fc.constantFrom('items' as const, 'facts' as const),
      isDown: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('hold' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('release' as const) }) },
);

const lifetime = fc.record({
  ttlMs: fc.constantFrom(undefined, 10_000),
  negativeTtlMs: fc.constantFrom(undefined, 5_000),
  staleWhileRevalidateMs: fc.constantFrom(0, 8_000),
  staleIfErrorMs: fc.constantFrom(0, 15_000),
  jitter: fc.constantFrom(0, 0.2),
});

/** A version of an item, from a moment on. `undefined`: it does not exist. */
interface Version {
  readonly from: number;
  readonly value: number | undefined;
}

/** The history of all items: what each was at each moment. */
class History {
  readonly versions = new Map(IDS.map((one): [string, Version[]] => [one, [{ from: 0, value: 0 }]]));
  readonly invalidated = new Map<string, number>();
  #count = 0;
  /** Steps that happen at the same time of the clock are still one after the other. */
  order = 1;

  now(one: string): number | undefined {
    return this.versions.get(one)?.at(-1)?.value;
  }

  set(one: string, exists: boolean): void {
    this.versions.get(one)?.push({ from: ++this.order, value: exists ? ++this.#count : undefined });
  }

  /** Whether a value was current at some moment from `since` on. */
  wasCurrent(one: string, value: number | undefined, since: number): boolean {
    const all = this.versions.get(one) ?? [];
    return all.some(
      (version, at) => version.value === value && (all[at + 1]?.from ?? Number.POSITIVE_INFINITY) > since,
    );
  }
}

it('an answer is never older than allowed, never another’s, and never what was invalidated before', async () => {
  await fc.assert(
    fc.asyncProperty(
      lifetime,
      fc.array(step, { minLength: 5, maxLength: 40 }),
      fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
      async (settings, steps, chances) => {
        const history = new History();
        let held: (() => void)[] | undefined;
        const deliver = (done: () => void) => (held ? void held.push(done) : queueMicrotask(done));
        const items = subgraph(({ body, operationType }) => {
          const { ids } = JSON.parse(body).variables;
          if (operationType === 'mutation') return { data: { change: true } };
          const itemOf = (one: string) =>
            history.now(one) === undefined ? null : { __typename: 'Item', id: one, name: `${one} ${history.now(one)}` };
          return { data: { items: ids.map(itemOf) } };
        });
        const facts = subgraph(({ body, client }) => ({
          data: {
            _entities: JSON.parse(body).variables.representations.map(({ id: one }: { id: string }) => {
              const value = history.now(one);
              const who = client.identity?.subject ?? 'nobody';
              return value === undefined
                ? null
                : { __typename: 'Item', fact: `${one} ${value}`, mine: `${one} ${value} ${who}` };
            }),
          },
        }));
        for (const one of [items, facts]) one.deliver = deliver;
        const world = await cachedWorld({ items, facts }, settings);
        world.random.next = () => chances.next().value;

        /** For each moment of the order, the time of the clock: what happened when. */
        const times: [order: number, time: number][] = [[0, world.clock.now]];
        const orderAt = (time: number) => times.findLast(([, at]) => at <= time)?.[0] ?? 0;
        const pending: Promise<void>[] = [];
        const settled = () => new Promise((resolve) => setImmediate(resolve));

        async function ask({ ids, user, selects }: Extract<Step, { kind: 'ask' }>): Promise<void> {
          const startedAt = ++history.order;
          const invalidated = new Map(history.invalidated);
          const startTime = world.clock.now;
          const query = `query($ids: [ID!]!) { items(ids: $ids) { id ${selects} } }`;
          const { data } = await world.ask(query, { ids }, user);
          for (const [at, item] of (data?.items ?? []).entries()) {
            const one = ids[at] as string;
            for (const [field, text] of Object.entries(item ?? {})) {
              if (field === 'id' || text === null) continue;
              const [of, value, who] = String(text).split(' ');
              expect(of).toBe(one);
              // another's data
              if (field === 'mine') expect(who).toBe(user ?? 'nobody');
              const limit = Math.min(field === 'name' ? NAME_MS : FACT_MS, settings.ttlMs ?? Number.POSITIVE_INFINITY);
              const longest = limit + Math.max(settings.staleWhileRevalidateMs, settings.staleIfErrorMs);
              const since = Math.max(orderAt(startTime - longest), invalidated.get(one) ?? 0);
              expect([field, history.wasCurrent(one, Number(value), Math.min(since, startedAt))]).toEqual([
                field,
                true,
              ]);
            }
          }
        }

        for (const one of steps) {
          switch (one.kind) {
            case 'ask':
              pending.push(ask(one));
              break;
            case 'wait':
              world.clock.now += one.ms;
              break;
            case 'remove':
              history.set(one.id, false);
              break;
            case 'change': {
              history.set(one.id, true);
              if (one.how === 'silently') break;
              if (one.how === 'invalidation')
                await world.invalidator.apply([{ kind: 'cache_tag', cache_tag: `item-${one.id}` }]);
              else {
                const before = held;
                held = undefined;
                await world.ask('mutation($id: ID!) { change(id: $id) }', { id: one.id });
                held = before;
              }
              history.invalidated.set(one.id, history.order);
              break;
            }
            case 'fail':
              (one.which === 'items' ? items : facts).isDown = one.isDown;
              break;
            case 'hold':
              held ??= [];
              break;
            case 'release': {
              const all = held ?? [];
              held = undefined;
              for (const done of all) done();
              break;
            }
          }
          await settled();
          times.push([++history.order, world.clock.now]);
        }
        const all = held ?? [];
        held = undefined;
        for (const done of all) done();
        await Promise.all(pending);
      },
    ),
    { numRuns: runs(2_000) },
  );
});
