import type { ServerResponse } from 'node:http';
import { Cancellation } from '../../sources/cancellation.ts';

interface Flight<T> {
  readonly cancellation: Cancellation;
  readonly result: Promise<T>;
  waiting: number;
}

/** Work under way, by key: whoever asks for the same meanwhile gets the same. Aborted when the last who waits has left. */
export class Flights<T> {
  readonly #flights = new Map<string, Flight<T>>();

  /**
   * @param key `undefined`: this work is shared with nobody
   * @param res who waits; without it the work is done even if nobody waits
   */
  join(
    key: string | undefined,
    res: ServerResponse | undefined,
    start: (cancellation: Cancellation) => Promise<T>,
  ): Promise<T> {
    const flight = (key === undefined ? undefined : this.#flights.get(key)) ?? this.#start(key, start);
    flight.waiting++;
    if (res !== undefined) this.#leaveOnClose(key, flight, res);
    return flight.result;
  }

  has(key: string): boolean {
    return this.#flights.has(key);
  }

  #start(key: string | undefined, start: (cancellation: Cancellation) => Promise<T>): Flight<T> {
    const cancellation = new Cancellation();
    const flight: Flight<T> = { cancellation, result: start(cancellation), waiting: 0 };
    if (key === undefined) return flight;
    this.#flights.set(key, flight);
    const land = () => this.#land(key, flight);
    flight.result.then(land, land);
    return flight;
  }

  #leaveOnClose(key: string | undefined, flight: Flight<T>, res: ServerResponse): void {
    res.once('close', () => {
      if (res.writableFinished || --flight.waiting > 0) return;
      if (key !== undefined) this.#land(key, flight);
      flight.cancellation.abort();
    });
  }

  #land(key: string, flight: Flight<T>): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }
}
