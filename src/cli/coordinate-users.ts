import type { OperationUsage, UsageReport } from '../usage/usage-report.ts';

/** A client's use of some coordinates with one operation. */
export interface CoordinateUser {
  /** `query Shelf` */
  readonly operation: string;
  /** `web 1.2.3`; `a client without a name`. */
  readonly client: string;
  readonly count: number;
  readonly last: string;
  /** Whether only a variable can have the value: clients may never have sent it. */
  readonly isPossible: boolean;
}

/** Returns who uses what the predicate accepts, the most frequent first. */
export function usersOf(report: UsageReport, isMeant: (coordinate: string) => boolean): CoordinateUser[] {
  return report.operations
    .flatMap((operation) => {
      const isUsed = operation.used.some(isMeant);
      if (!isUsed && !operation.possible.some(isMeant)) return [];
      return operation.uses.map(({ client, version, count, last }) => ({
        operation: operationTitle(operation),
        client: client === undefined ? 'a client without a name' : [client, version].filter(Boolean).join(' '),
        ...{ count, last, isPossible: !isUsed },
      }));
    })
    .sort((one, other) => other.count - one.count);
}

function operationTitle({ type, name, id }: OperationUsage): string {
  return type === 'other' ? 'other operations' : `${type} ${name ?? `(without a name, ${id})`}`;
}

/** Describes a use: `query Shelf, web 1.2.3: 110 times, last 2026-11-28 23:10`. */
export function userText({ operation, client, count, last, isPossible }: CoordinateUser): string {
  const maybe = isPossible ? ' (with a variable that can have it)' : '';
  return `${operation}, ${client}: ${timesOf(count)}, last ${timeText(last)}${maybe}`;
}

export function timesOf(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

/** Shortens a time to the minute: `2026-11-28 23:10`. */
export function timeText(time: string): string {
  return time.slice(0, 16).replace('T', ' ');
}

/** Describes the period of a report: `in the last 30 days`, `since 2026-11-28 23:10`. */
export function periodText({ since, until }: Pick<UsageReport, 'since' | 'until'>): string {
  const days = Math.round((Date.parse(until) - Date.parse(since)) / 86_400_000);
  return days < 1 ? `since ${timeText(since)}` : `in the last ${days === 1 ? 'day' : `${days} days`}`;
}
