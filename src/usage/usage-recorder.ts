import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { OperationLabel, UseCounter } from '../shared/request-notes.ts';
import { type UsageStore, type UseCount, type UsedOperation, useKey } from './usage-report.ts';
import type { UsedCoordinates } from './used-coordinates.ts';

/** The counts of one operation and one client since the last flush. */
interface Counter {
  readonly use: OperationUse;
  readonly client: string | undefined;
  readonly version: string | undefined;
  count: number;
}

export interface UsageRecorderOptions {
  readonly store: UsageStore;
  readonly flushMs: number;
  /** The most combinations of operations and clients between two flushes. */
  readonly maxEntries: number;
  /** Called with the number of combinations that were not counted, because there were more than `maxEntries` between two flushes. */
  readonly onLost: (combinations: number) => void;
  /** Called when counts cannot be stored; they are stored with the next flush. */
  readonly onError: (error: unknown) => void;
}

/**
 * Counts which clients use which operations. A request costs one increment; what an operation uses is computed at the next flush, once.
 */
export class UsageRecorder {
  readonly #options: UsageRecorderOptions;
  readonly #timer: NodeJS.Timeout;
  #counted: Counter[] = [];
  /** How many combinations were beyond the bound since the last flush. */
  #lost = 0;
  /** What the last flush could not store. */
  #unsaved: readonly UseCount[] = [];
  #flushing: Promise<void> = Promise.resolve();

  constructor(options: UsageRecorderOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.flush(), options.flushMs).unref();
  }

  /**
   * Returns the counter of an operation.
   * @param read returns what it uses; called once, at the first flush after its first use. `undefined`: nothing is counted
   */
  counterOf(label: Omit<OperationLabel, 'use'>, read: () => UsedCoordinates | undefined): UseCounter {
    return new OperationUse(label, read, (counter) => {
      if (this.#counted.length < this.#options.maxEntries) this.#counted.push(counter);
      else this.#lost += 1;
    });
  }

  /** Stores what has been counted. Never rejects. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(() => this.#flushNow()).catch(this.#options.onError);
    return this.#flushing;
  }

  async #flushNow(): Promise<void> {
    const counted = this.#counted;
    if (counted.length === 0 && this.#unsaved.length === 0) return;
    this.#counted = [];
    if (this.#lost > 0) this.#options.onLost(this.#lost);
    this.#lost = 0;
    const last = Date.now();
    // from now on, requests count again
    for (const { use } of counted) use.restart();
    const counts: UseCount[] = [];
    for (const { use, client, version, count } of counted) {
      if (!use.isRead) await nextTurn();
      const operation = use.operation();
      if (operation) counts.push({ operation, client, version, count, last });
    }
    const all = merge([...this.#unsaved, ...counts]).slice(0, this.#options.maxEntries);
    this.#unsaved = all;
    if (all.length > 0) await this.#options.store.add(all);
    this.#unsaved = [];
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }
}

function merge(counts: readonly UseCount[]): UseCount[] {
  const merged = new Map<string, UseCount>();
  for (const one of counts) {
    const key = useKey(one.operation.id, one);
    const before = merged.get(key);
    merged.set(key, before ? { ...one, count: before.count + one.count } : one);
  }
  return [...merged.values()];
}

class OperationUse implements UseCounter {
  readonly #label: Omit<OperationLabel, 'use'>;
  readonly #onFirst: (counter: Counter) => void;
  #read: (() => UsedCoordinates | undefined) | undefined;
  #operation: UsedOperation | undefined;
  #last: Counter | undefined;
  #counters: Map<string, Counter> | undefined;

  constructor(
    label: Omit<OperationLabel, 'use'>,
    read: () => UsedCoordinates | undefined,
    onFirst: (counter: Counter) => void,
  ) {
    this.#label = label;
    this.#read = read;
    this.#onFirst = onFirst;
  }

  count(client: string | undefined, version: string | undefined): void {
    let counter = this.#last;
    if (counter === undefined || counter.client !== client || counter.version !== version) {
      counter = this.#counterOf(client, version);
      this.#last = counter;
    }
    counter.count += 1;
  }

  #counterOf(client: string | undefined, version: string | undefined): Counter {
    const key = `${client ?? ''}\n${version ?? ''}`;
    this.#counters ??= new Map();
    let counter = this.#counters.get(key);
    if (counter === undefined) {
      counter = { use: this, client, version, count: 0 };
      this.#counters.set(key, counter);
      this.#onFirst(counter);
    }
    return counter;
  }

  /** Forgets its counters, which a flush takes. */
  restart(): void {
    this.#counters = undefined;
    this.#last = undefined;
  }

  get isRead(): boolean {
    return this.#read === undefined;
  }

  operation(): UsedOperation | undefined {
    if (this.#read) {
      const coordinates = this.#read();
      this.#read = undefined;
      this.#operation = coordinates && describe(this.#label, coordinates);
    }
    return this.#operation;
  }
}

const LONGEST_NAME = 128;

function describe({ name, type }: Omit<OperationLabel, 'use'>, coordinates: UsedCoordinates): UsedOperation {
  const { used, possible } = coordinates;
  const hash = createHash('sha256').update(JSON.stringify([name, type, used, possible]));
  const id = hash.digest('hex').slice(0, 16);
  return { id, name: name?.slice(0, LONGEST_NAME), type, used, possible };
}
