import fc from 'fast-check';
import { expect } from 'vitest';
import type { LifetimeSettings } from '../../src/cache/lifetime.ts';
import { StoreUnavailable } from '../../src/store/redis.ts';
import { type CachedWorld, type Subgraph, subgraph } from './cached-world.ts';

const IDS = ['a', 'b', 'c'];
const USERS = ['ada', 'bob', undefined];

/** What the schema allows, in milliseconds. */
const NAME_MS = 30_000;
const FACT_MS = 20_000;

export type Step =
  | {
      readonly kind: 'ask';
      readonly ids: readonly string[];
      readonly user: string | undefined;
      readonly selects: string;
      /** The process that it comes to, counted from 0. */
      readonly at: number;
    }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'outage'; readonly node: number; readonly what: 'freeze' | 'resume' | 'kill' | 'restart' }
  | {
      readonly kind: 'change';
      readonly id: string;
      readonly how: 'silently' | 'mutation' | 'invalidation';
      readonly at: number;
    }
  | { readonly kind: 'remove'; readonly id: string }
  | { readonly kind: 'fail'; readonly which: 'items' | 'facts'; readonly isDown: boolean }
  | { readonly kind: 'hold' }
  | { readonly kind: 'release' };

const id = fc.constantFrom(...IDS);
export const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('ask' as const),
      ids: fc.uniqueArray(id, { minLength: 1 }),
      user: fc.constantFrom(...USERS),
      selects: fc.constantFrom('name fact', 'fact', 'name', 'mine', 'fact mine'),
      at: fc.nat(1),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 25_000 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('change' as const),
      id,
      how: fc.constantFrom('silently' as const, 'mutation' as const, 'invalidation' as const),
      at: fc.nat(1),
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

/** A Redis that does not respond, or is gone with all that it had. */
export const outage: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant('outage' as const),
  node: fc.nat(2),
  what: fc.constantFrom('freeze' as const, 'resume' as const, 'kill' as const, 'restart' as const),
});

export const lifetime = fc.record({
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

export interface RandomWorld {
  readonly settings: Partial<LifetimeSettings> & Pick<LifetimeSettings, 'staleWhileRevalidateMs' | 'staleIfErrorMs'>;
  readonly steps: readonly Step[];
  /** Random numbers from 0 to 1, without 1. */
  readonly chances: Iterator<number>;
  /** Opens the processes, which have one clock. */
  readonly open: (subgraphs: { items: Subgraph; facts: Subgraph }) => Promise<readonly CachedWorld[]>;
  /** Resolves when all processes have received what was sent to them before, or know that they may not have. */
  readonly informed?: () => Promise<void>;
  readonly onOutage?: (step: Extract<Step, { kind: 'outage' }>) => Promise<void>;
}

/**
 * Takes all steps, and checks each response: it is never older than allowed, never another's, and never what was invalidated before the
 * request came.
 */
export async function liveThrough(world: RandomWorld): Promise<void> {
  const life = new Life(world);
  await life.begin();
  for (const step of world.steps) await life.take(step);
  await life.end();
}

class Life {
  readonly #world: RandomWorld;
  readonly #history = new History();
  readonly #items: ReturnType<typeof subgraph>;
  readonly #facts: ReturnType<typeof subgraph>;
  #processes: readonly CachedWorld[] = [];
  /** Responses of subgraphs that are on their way. */
  #held: (() => void)[] | undefined;
  readonly #pending: Promise<void>[] = [];
  /** For each moment of the order, the time of the clock: what happened when. */
  readonly #times: [order: number, time: number][] = [];

  constructor(world: RandomWorld) {
    this.#world = world;
    const history = this.#history;
    this.#items = subgraph(({ body, operationType }) => {
      const { ids } = JSON.parse(body).variables;
      if (operationType === 'mutation') return { data: { change: true } };
      const itemOf = (one: string) =>
        history.now(one) === undefined ? null : { __typename: 'Item', id: one, name: `${one} ${history.now(one)}` };
      return { data: { items: ids.map(itemOf) } };
    });
    this.#facts = subgraph(({ body, client }) => ({
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
    for (const one of [this.#items, this.#facts])
      one.deliver = (done) => (this.#held ? void this.#held.push(done) : queueMicrotask(done));
  }

  async begin(): Promise<void> {
    this.#processes = await this.#world.open({ items: this.#items, facts: this.#facts });
    for (const { random } of this.#processes) random.next = () => this.#world.chances.next().value;
    this.#times.push([0, this.#clock.now]);
  }

  get #clock(): { now: number } {
    return this.#process(0).clock;
  }

  #process(at: number): CachedWorld {
    return this.#processes[at % this.#processes.length] as CachedWorld;
  }

  async take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'ask':
        this.#pending.push(this.#ask(step));
        break;
      case 'wait':
        this.#clock.now += step.ms;
        break;
      case 'remove':
        this.#history.set(step.id, false);
        break;
      case 'change':
        await this.#change(step);
        break;
      case 'fail':
        (step.which === 'items' ? this.#items : this.#facts).isDown = step.isDown;
        break;
      case 'hold':
        this.#held ??= [];
        break;
      case 'release':
        this.#release();
        break;
      case 'outage':
        await this.#world.onOutage?.(step);
    }
    await new Promise((resolve) => setImmediate(resolve));
    this.#times.push([++this.#history.order, this.#clock.now]);
  }

  async end(): Promise<void> {
    this.#release();
    await Promise.all(this.#pending);
  }

  #release(): void {
    const all = this.#held ?? [];
    this.#held = undefined;
    for (const done of all) done();
  }

  /** Does something with responses that are not held. */
  async #unheld(work: () => Promise<unknown>): Promise<void> {
    const before = this.#held;
    this.#held = undefined;
    await work();
    this.#held = before;
  }

  async #change({ id: one, how, at }: Extract<Step, { kind: 'change' }>): Promise<void> {
    const { ask, invalidator, failures } = this.#process(at);
    this.#history.set(one, true);
    if (how === 'silently') return;
    const before = failures.count;
    try {
      if (how === 'mutation') await this.#unheld(() => ask('mutation($id: ID!) { change(id: $id) }', { id: one }));
      else await invalidator.apply([{ kind: 'cache_tag', cache_tag: `item-${one}` }]);
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      return;
    }
    // a mutation also succeeds where Redis is unavailable: then nobody says that its values were removed
    if (failures.count > before) return;
    await this.#world.informed?.();
    this.#history.invalidated.set(one, this.#history.order);
  }

  async #ask({ ids, user, selects, at }: Extract<Step, { kind: 'ask' }>): Promise<void> {
    const { settings } = this.#world;
    const history = this.#history;
    const startedAt = ++history.order;
    const invalidated = new Map(history.invalidated);
    const startTime = this.#clock.now;
    const orderAt = (time: number) => this.#times.findLast(([, at]) => at <= time)?.[0] ?? 0;
    const query = `query($ids: [ID!]!) { items(ids: $ids) { id ${selects} } }`;
    const { data } = await this.#process(at).ask(query, { ids }, user);
    for (const [place, item] of (data?.items ?? []).entries()) {
      const one = ids[place] as string;
      for (const [field, text] of Object.entries(item ?? {})) {
        if (field === 'id' || text === null) continue;
        const [of, value, who] = String(text).split(' ');
        expect(of).toBe(one);
        // another's data
        if (field === 'mine') expect(who).toBe(user ?? 'nobody');
        const limit = Math.min(field === 'name' ? NAME_MS : FACT_MS, settings.ttlMs ?? Number.POSITIVE_INFINITY);
        const longest = limit + Math.max(settings.staleWhileRevalidateMs, settings.staleIfErrorMs);
        const since = Math.max(orderAt(startTime - longest), invalidated.get(one) ?? 0);
        expect([field, history.wasCurrent(one, Number(value), Math.min(since, startedAt))]).toEqual([field, true]);
      }
    }
  }
}
