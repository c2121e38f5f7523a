import {
  DAY_MS,
  OTHER_ID,
  sumUses,
  type UsageReport,
  type UsageStore,
  type UseCount,
  type UsedOperation,
  useKey,
} from './usage-report.ts';

export interface UsageBounds {
  readonly retentionMs: number;
  /** The most combinations of operation, client and version in a day. */
  readonly maxEntries: number;
  /** Returns milliseconds since the epoch. */
  readonly now?: (() => number) | undefined;
}

interface Day {
  readonly counts: Map<string, [count: number, last: number]>;
  readonly operations: Map<string, UsedOperation>;
}

/** Creates a store in the memory of this process. Its counts end with the process. */
export function memoryUsage({ retentionMs, maxEntries, now = Date.now }: UsageBounds): UsageStore {
  const began = now();
  const days = new Map<number, Day>();
  /** Coordinates of schemas are few, and those of operations many: each text is stored once. */
  const texts = new Map<string, string>();

  function intern(coordinates: readonly string[]): string[] {
    return coordinates.map((text) => {
      const known = texts.get(text);
      if (known === undefined) texts.set(text, text);
      return known ?? text;
    });
  }

  function today(): Day {
    const day = Math.floor(now() / DAY_MS);
    for (const known of days.keys()) if ((known + 1) * DAY_MS <= now() - retentionMs) days.delete(known);
    const found = days.get(day) ?? { counts: new Map(), operations: new Map() };
    days.set(day, found);
    return found;
  }

  function add({ counts, operations }: Day, { operation, count, last, ...client }: UseCount): void {
    const known = useKey(operation.id, client);
    const isOther = !counts.has(known) && counts.size >= maxEntries;
    const key = isOther ? useKey(OTHER_ID, {}) : known;
    if (isOther) operations.set(OTHER_ID, joinOther(operations.get(OTHER_ID), operation));
    else if (!operations.has(operation.id))
      operations.set(operation.id, {
        ...operation,
        used: intern(operation.used),
        possible: intern(operation.possible),
      });
    const before = counts.get(key) ?? [0, 0];
    counts.set(key, [before[0] + count, Math.max(before[1], last)]);
  }

  return {
    async add(counts) {
      const day = today();
      for (const one of counts) add(day, one);
    },
    async read(): Promise<UsageReport> {
      today();
      const all = [...days.values()];
      const operations = new Map<string, UsedOperation>();
      for (const day of all)
        for (const [id, operation] of day.operations)
          operations.set(id, id === OTHER_ID ? joinOther(operations.get(id), operation) : operation);
      const counts = all.flatMap((day) => [...day.counts].map(([key, [count, last]]) => [key, count, last] as const));
      return {
        ...periodOf(began, now(), retentionMs),
        overflowed: operations.has(OTHER_ID),
        operations: sumUses(operations, counts),
      };
    },
  };
}

/** Returns the period of a report. */
export function periodOf(began: number, now: number, retentionMs: number): Pick<UsageReport, 'since' | 'until'> {
  return {
    since: new Date(Math.max(began, now - retentionMs)).toISOString(),
    until: new Date(now).toISOString(),
  };
}

/** Adds an operation to the one that stands for all beyond the bound. It grows with the schema only, not with the operations. */
export function joinOther(
  other: UsedOperation | undefined,
  { used, possible }: Pick<UsedOperation, 'used' | 'possible'>,
): UsedOperation {
  const all = new Set([...(other?.used ?? []), ...used]);
  const maybe = new Set([...(other?.possible ?? []), ...possible].filter((coordinate) => !all.has(coordinate)));
  return { id: OTHER_ID, name: '(other)', type: 'other', used: [...all].sort(), possible: [...maybe].sort() };
}
