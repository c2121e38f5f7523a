import { LRUCache } from 'lru-cache';
import { decide } from './algorithms/decide.ts';
import type { Decision, Meter } from './limit.ts';
import { isAllowed, type LimitCheck, type LimitDecisions, type Limiter } from './limiter.ts';

const NO_PARTS: LimitDecisions['parts'] = [];

export interface MemoryLimiterOptions {
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Number of meters. Beyond that the least recently used one is dropped, and starts again from zero. Default 100,000. */
  readonly maxMeters?: number;
}

export interface MemoryLimiter extends Limiter {
  check(query: Parameters<Limiter['check']>[0]): LimitDecisions;
}

/** The meter of one key; a mutable cell saves a second look-up. */
interface Slot {
  meter: Meter | undefined;
}

/** Counts within this process. */
export function createMemoryLimiter({ now = Date.now, maxMeters = 100_000 }: MemoryLimiterOptions = {}): MemoryLimiter {
  // created on the first check: it allocates room for all meters at once, and most gateways have a limiter that never counts
  let slots: LRUCache<string, Slot> | undefined;

  function slotOf(key: string): Slot {
    slots ??= new LRUCache<string, Slot>({ max: maxMeters });
    let slot = slots.get(key);
    if (slot === undefined) {
      slot = { meter: undefined };
      slots.set(key, slot);
    }
    return slot;
  }

  function take(checks: readonly LimitCheck[], time: number): readonly Decision[] {
    if (checks.length === 1) return takeOne(checks[0] as LimitCheck, time);
    const held = checks.map(({ key }) => slotOf(key));
    const decisions = checks.map(({ limit, weight }, i) => decide(limit, held[i]?.meter, weight, time));
    if (isAllowed(decisions)) {
      for (let i = 0; i < held.length; i++) (held[i] as Slot).meter = (decisions[i] as Decision).next;
      return decisions;
    }
    // report the state without this request, which is not counted
    return decisions.map((decision, i) =>
      decision.allowed ? decide((checks[i] as LimitCheck).limit, held[i]?.meter, 0, time) : decision,
    );
  }

  function takeOne({ limit, key, weight }: LimitCheck, time: number): readonly Decision[] {
    const slot = slotOf(key);
    const decision = decide(limit, slot.meter, weight, time);
    if (decision.allowed) slot.meter = decision.next;
    return [decision];
  }

  return {
    check({ whole, parts }) {
      const time = now();
      const decisions = take(whole, time);
      if (parts.length === 0) return { whole: decisions, parts: NO_PARTS };
      const allowed = isAllowed(decisions);
      return { whole: decisions, parts: parts.map((checks) => (allowed ? take(checks, time) : [])) };
    },
  };
}
