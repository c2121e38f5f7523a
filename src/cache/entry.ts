/** A cached value: the text of a value of a response, and how long it may be used. Times are in milliseconds since 1970. */
export interface CacheEntry {
  /** JSON: an entity, or the `data` of root fields. For whole responses the body, as they are sent. */
  readonly text: string;
  /** When the source was asked. */
  readonly storedAt: number;
  /** How long the source took, in milliseconds. Hot entries are refreshed that much before they expire. */
  readonly tookMs: number;
  readonly freshUntil: number;
  /** End of the time in which it is used while a new one is fetched. */
  readonly staleUntil: number;
  /** End of the time in which it is used where a new one cannot be fetched. */
  readonly errorUntil: number;
  /** Whether it is for one client, or one group of clients, only. */
  readonly isPrivate: boolean;
  /** What it is invalidated by; see tags.ts. */
  readonly tags: readonly string[];
  /** Whether a number in the text may have more than fifteen digits. */
  readonly mayHaveLongNumbers: boolean;
  /** The status and headers of a whole response. */
  readonly head?: ResponseHead | undefined;
}

/** The status and headers of a whole response. */
export interface ResponseHead {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * How an entry can be used now. `fresh`: as it is. `stale`: while a new one is fetched. `error`: only where a new one cannot be fetched.
 */
export type EntryState = 'fresh' | 'stale' | 'error';

/** By how much the clocks of processes that share entries may differ, in milliseconds. */
const MOST_SKEW_MS = 10_000;

/** Returns whether an entry was stored in the future, so that its age is unknown: a clock was set back, or those of two machines differ. */
export function isOfFuture({ storedAt }: Pick<CacheEntry, 'storedAt'>, now: number): boolean {
  return storedAt > now + MOST_SKEW_MS;
}

/** Returns how an entry can be used; `undefined` where it cannot. */
export function stateOf(entry: CacheEntry, now: number): EntryState | undefined {
  if (isOfFuture(entry, now)) return undefined;
  if (now < entry.freshUntil) return 'fresh';
  if (now < entry.staleUntil) return 'stale';
  return now < entry.errorUntil ? 'error' : undefined;
}

/** Returns when an entry cannot be used any more. */
export function expiresAt({ freshUntil, staleUntil, errorUntil }: CacheEntry): number {
  return Math.max(freshUntil, staleUntil, errorUntil);
}

/** Returns an entry that takes the place of another one, and cannot be used. */
export function endedEntry({ tags, isPrivate }: CacheEntry, at: number): CacheEntry {
  const times = { storedAt: at, tookMs: 0, freshUntil: at, staleUntil: at, errorUntil: at };
  return { ...times, text: 'null', tags, isPrivate, mayHaveLongNumbers: false };
}

/** Returns the age of an entry in seconds, as `Age` counts it. */
export function ageOf({ storedAt }: CacheEntry, now: number): number {
  return Math.max(0, Math.floor((now - storedAt) / 1_000));
}

/**
 * Returns whether a fresh entry is to be refreshed before it expires. The nearer that is, and the longer a refresh takes, the more
 * probable it is; each use decides anew, so entries that are used often are refreshed early, and by one of their users.
 * @param random from 0 to 1, without 1
 * @see https://www.vldb.org/pvldb/vol8/p886-vattani.pdf Optimal Probabilistic Cache Stampede Prevention
 */
export function isDue(
  { tookMs, freshUntil }: Pick<CacheEntry, 'tookMs' | 'freshUntil'>,
  now: number,
  random: number,
): boolean {
  return now - tookMs * Math.log(1 - random) >= freshUntil;
}

const TIMES = ['storedAt', 'tookMs', 'freshUntil', 'staleUntil', 'errorUntil'] as const;

/** Returns whether the facts of an entry have the shape that this version of the gateway writes. */
export function isFacts(facts: unknown): facts is Omit<CacheEntry, 'text'> {
  if (!isRecord(facts) || !TIMES.every((name) => Number.isFinite(facts[name]))) return false;
  const { isPrivate, mayHaveLongNumbers, tags, head } = facts;
  if (typeof isPrivate !== 'boolean' || typeof mayHaveLongNumbers !== 'boolean') return false;
  return Array.isArray(tags) && tags.every(isText) && (head === undefined || isHead(head));
}

function isHead(head: unknown): boolean {
  if (!isRecord(head) || !isRecord(head.headers)) return false;
  return Number.isInteger(head.status) && Object.values(head.headers).every(isText);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}
