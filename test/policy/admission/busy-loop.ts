import { AdaptiveLimit, type AdaptiveLimitSettings } from '../../../src/policy/admission/adaptive-limit.ts';

/** The load of a simulated gateway, in milliseconds. */
export interface Load {
  /** The time between two requests. */
  readonly every: number;
  /** What a request takes of the loop, half of it before its subgraph is asked, and half after. */
  readonly work: number;
  /** How long the subgraph takes. */
  readonly wait: number;
  readonly duration: number;
  /** What a refusal takes of the loop. */
  readonly refusal?: number;
}

export interface Outcome {
  served: number;
  refused: number;
  /** Of requests that were served, without the time of the subgraph. */
  longestWait: number;
}

interface Event {
  readonly at: number;
  run(start: number): number;
}

/**
 * A gateway with a clock of its own: one loop that runs events in the order in which they are ready, and measures its delay every ten
 * milliseconds. So a property can be tried for minutes of load in a moment.
 */
export class BusyLoop {
  readonly limit: AdaptiveLimit;
  #events: Event[] = [];
  #free = 0;

  constructor(settings: AdaptiveLimitSettings) {
    this.limit = new AdaptiveLimit(settings, 0);
    this.#probe(10);
  }

  /** Runs a load to its end, and returns what became of its requests. */
  run({ every, work, wait, duration, refusal = 0.05 }: Load): Outcome {
    const outcome: Outcome = { served: 0, refused: 0, longestWait: 0 };
    const end = this.#free + duration;
    const arrive = (at: number) => {
      if (at >= end) return;
      this.#add(at, (start) => {
        arrive(at + every);
        if (!this.limit.hasRoom(false)) {
          outcome.refused++;
          this.limit.refuse();
          return refusal;
        }
        this.limit.enter();
        const sent = start + work / 2;
        this.#add(sent + wait, (received) => {
          this.limit.leave();
          outcome.served++;
          outcome.longestWait = Math.max(outcome.longestWait, received + work / 2 - at - wait);
          return work / 2;
        });
        return work / 2;
      });
    };
    arrive(this.#free);
    while (this.#events.length > 1 || this.#free < end) this.#turn();
    return outcome;
  }

  #turn(): void {
    const event = this.#events.shift() as Event;
    const start = Math.max(this.#free, event.at);
    this.#free = start + event.run(start);
  }

  #probe(due: number): void {
    this.#add(due, (start) => {
      this.limit.observe(start - due, start);
      this.#probe(start + 10);
      return 0;
    });
  }

  #add(at: number, run: Event['run']): void {
    let index = this.#events.length;
    while (index > 0 && (this.#events[index - 1] as Event).at > at) index--;
    this.#events.splice(index, 0, { at, run });
  }
}
