/** Work in flight, by key: all who need the same meanwhile get the same result. Nothing is kept afterwards. */
export class SingleFlight<T> {
  readonly #underWay = new Map<string, Promise<T>>();

  /** How many pieces of work are in flight. */
  get size(): number {
    return this.#underWay.size;
  }

  has(key: string): boolean {
    return this.#underWay.has(key);
  }

  /** Returns the work in flight for the key, and starts it where there is none. When it settles, the key is free again. */
  run(key: string, work: () => Promise<T>): Promise<T> {
    const known = this.#underWay.get(key);
    if (known !== undefined) return known;
    const started = work().finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, started);
    return started;
  }
}

/** Work that can be given up. */
export interface AbortableWork {
  readonly result: Promise<unknown>;
  abort(): void;
}

/** Work in flight, and how many wait for it. */
export interface JoinedWork<W extends AbortableWork> {
  readonly work: W;
  /** To be called by each who joined, at most once, when it waits no more. The work is aborted when the last one leaves. */
  leave(): void;
}

/** A single-flight for work that is aborted when its last caller has stopped waiting. */
export class AbortableSingleFlight<W extends AbortableWork> {
  readonly #underWay = new Map<string, OpenWork<W>>();

  has(key: string): boolean {
    return this.#underWay.has(key);
  }

  /**
   * Joins the work in flight for the key, and starts it where there is none.
   * @param key `undefined`: this work is not shared
   * @param isValid false: the work in flight is not what is needed, or no longer, and is replaced
   */
  join(key: string | undefined, start: () => W, isValid?: (work: W) => boolean): JoinedWork<W> {
    const known = key === undefined ? undefined : this.#underWay.get(key);
    const flight = known !== undefined && (isValid?.(known.work) ?? true) ? known : this.#start(key, start());
    flight.waiting++;
    return flight;
  }

  #start(key: string | undefined, work: W): OpenWork<W> {
    const flight = new OpenWork(work, key === undefined ? undefined : this.#underWay, key ?? '');
    if (key === undefined) return flight;
    this.#underWay.set(key, flight);
    const finish = () => flight.finish();
    work.result.then(finish, finish);
    return flight;
  }
}

/** A class and not closures: one is made for each request. */
class OpenWork<W extends AbortableWork> implements JoinedWork<W> {
  readonly work: W;
  waiting = 0;
  readonly #among: Map<string, OpenWork<W>> | undefined;
  readonly #key: string;

  constructor(work: W, among: Map<string, OpenWork<W>> | undefined, key: string) {
    this.work = work;
    this.#among = among;
    this.#key = key;
  }

  leave(): void {
    if (--this.waiting > 0) return;
    this.finish();
    this.work.abort();
  }

  finish(): void {
    if (this.#among?.get(this.#key) === this) this.#among.delete(this.#key);
  }
}
