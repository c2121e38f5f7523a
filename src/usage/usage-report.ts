import type { UsedCoordinates } from './used-coordinates.ts';

/** An operation that clients sent. Operations with the same name that use the same coordinates are one. */
export interface UsedOperation extends UsedCoordinates {
  readonly id: string;
  /** `undefined` for one without a name. */
  readonly name?: string | undefined;
  readonly type: string;
}

/** A client as it names itself, or `bff/NAME` for the endpoints of a BFF; without a name for others. */
export interface UsingClient {
  readonly client?: string | undefined;
  readonly version?: string | undefined;
}

/** How often a client sent an operation. */
export interface ClientUse extends UsingClient {
  readonly count: number;
  /** When it was last sent, in ISO 8601, to the precision of a flush. */
  readonly last: string;
}

export interface OperationUsage extends UsedOperation {
  readonly uses: readonly ClientUse[];
}

/** What clients used in a period. The admin API and `headgate usage --format json` have the same shape. */
export interface UsageReport {
  /** Begin and end of the period, in ISO 8601. */
  readonly since: string;
  readonly until: string;
  /** Whether there were more combinations of operations and clients than `usage.max_entries`; those are in the operation `other`. */
  readonly overflowed: boolean;
  readonly operations: readonly OperationUsage[];
}

/** Some uses of one operation by one client. */
export interface UseCount extends UsingClient {
  readonly operation: UsedOperation;
  readonly count: number;
  /** In milliseconds since the epoch. */
  readonly last: number;
}

/** Holds counts for a time. */
export interface UsageStore {
  /** Adds counts. Rejects with `StoreUnavailable` if that is not possible now. */
  add(counts: readonly UseCount[]): Promise<void>;
  read(): Promise<UsageReport>;
}

/** The id of the operation that stands for those beyond the bound. */
export const OTHER_ID = 'other';

export const DAY_MS = 86_400_000;

/** Returns the key of a combination of operation, client and version. */
export function useKey(id: string, { client = '', version = '' }: UsingClient): string {
  return JSON.stringify([id, client, version]);
}

/** Returns the combination of a key. */
export function parseUseKey(key: string): { id: string; client: string | undefined; version: string | undefined } {
  const [id, client, version] = JSON.parse(key) as [string, string, string];
  return { id, client: client || undefined, version: version || undefined };
}

/** Returns the operations with the sum of the counts of each client, the most used first. */
export function sumUses(
  operations: ReadonlyMap<string, UsedOperation>,
  counts: Iterable<readonly [key: string, count: number, last: number]>,
): OperationUsage[] {
  const sums = new Map<string, Map<string, ClientUse>>();
  for (const [key, count, last] of counts) {
    const { id, client, version } = parseUseKey(key);
    const uses = sums.get(id) ?? new Map<string, ClientUse>();
    sums.set(id, uses);
    const before = uses.get(key);
    const time = new Date(last).toISOString();
    const latest = before && before.last > time ? before.last : time;
    uses.set(key, { client, version, count: count + (before?.count ?? 0), last: latest });
  }
  const total = ({ uses }: OperationUsage) => uses.reduce((sum, { count }) => sum + count, 0);
  return [...sums]
    .flatMap(([id, uses]) => {
      const operation = operations.get(id);
      if (operation === undefined) return [];
      return { ...operation, uses: [...uses.values()].sort((one, other) => other.count - one.count) };
    })
    .sort((one, other) => total(other) - total(one));
}
