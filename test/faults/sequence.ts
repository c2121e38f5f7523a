/** How the numbered events of subscribers have arrived. */
export interface SequenceCounts {
  received: number;
  /** Events that never came, and of which the subscriber knew: the next event said so, or it had connected again. */
  lost: number;
  /** Events that never came, and nothing said so. */
  lostSilently: number;
  /** Events that came a second time over one connection. */
  doubled: number;
  /** Events that came again over another connection than before. */
  doubledElsewhere: number;
  reordered: number;
}

interface Arrival {
  readonly n: number;
  /** Whether the subscriber knows that events may be missing before it. */
  readonly mayHaveMissed: boolean;
  /** The index of the connection. */
  readonly connection: number;
}

/** What one subscriber has received. */
export class Sequence {
  readonly #arrivals: Arrival[] = [];
  #hasReconnected = false;
  #connection = 0;

  /** The last number. */
  get last(): number {
    return this.#arrivals.at(-1)?.n ?? 0;
  }

  /** The subscriber connects again, with a cursor or without one. */
  reconnected(hasCursor: boolean): void {
    this.#connection++;
    if (!hasCursor) this.#hasReconnected = true;
  }

  receive(n: number, mayHaveMissed: boolean): void {
    const connection = this.#connection;
    this.#arrivals.push({ n, mayHaveMissed: mayHaveMissed || this.#hasReconnected, connection });
    this.#hasReconnected = false;
  }

  /**
   * Adds what has happened to the numbers after `from`, up to `to`.
   * @param sent all numbers, in order
   */
  count(sent: readonly number[], from: number, to: number, counts: SequenceCounts): void {
    const isWithin = (n: number) => n > from && n <= to;
    const seen = new Set<number>();
    let highest = 0;
    let highestHere = 0;
    let here = 0;
    for (const { n, mayHaveMissed, connection } of this.#arrivals) {
      const isNew = !seen.has(n);
      seen.add(n);
      if (connection !== here) highestHere = 0;
      here = connection;
      if (isWithin(n)) {
        counts.received++;
        if (!isNew) counts[n > highestHere ? 'doubledElsewhere' : 'doubled']++;
        else if (n < highest) counts.reordered++;
      }
      highestHere = Math.max(highestHere, n);
      if (n <= highest) continue;
      // before the first one there was no subscription
      const skipped = highest === 0 ? [] : sent.filter((one) => one > highest && one < n && isWithin(one));
      counts[mayHaveMissed ? 'lost' : 'lostSilently'] += skipped.length;
      highest = n;
    }
  }
}

export function noCounts(): SequenceCounts {
  return { received: 0, lost: 0, lostSilently: 0, doubled: 0, doubledElsewhere: 0, reordered: 0 };
}
