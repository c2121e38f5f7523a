import { randomBytes } from 'node:crypto';
import { ClientPlaces } from '../../client/client-places.ts';
import type { ClientInfo } from '../../client/identity.ts';
import { isSameUser } from '../../client/principal.ts';
import { GatewayError } from '../../shared/gateway-error.ts';
import { ShuttingDownError, SUBSCRIBE_ELSEWHERE } from '../../shared/shutting-down-error.ts';
import { ReservedStream, type StreamLimits } from './reserved-stream.ts';

export interface ReservationSettings extends StreamLimits {
  /** The most reservations of this process, open streams included. */
  readonly maxReservations: number;
  /** The most of one user, or of one address where the client is anonymous. */
  readonly maxPerClient: number;
  /** In how much time all streams end when the gateway stops, in milliseconds. */
  readonly drainMs: number;
}

/** The event streams of clients that send all their events over one connection, by token. */
export class Reservations {
  readonly #settings: ReservationSettings;
  readonly #streams = new Map<string, ReservedStream>();
  readonly #places: ClientPlaces;
  #isDraining = false;

  constructor(settings: ReservationSettings) {
    this.#settings = settings;
    this.#places = new ClientPlaces({ max: settings.maxReservations, maxPerClient: settings.maxPerClient });
  }

  get size(): number {
    return this.#streams.size;
  }

  /** Reserves a stream, and returns its token. Throws `GatewayError` 429 or 503 where there are too many, and while the gateway stops. */
  reserve(client: ClientInfo): string {
    if (this.#isDraining) throw new ShuttingDownError(SUBSCRIBE_ELSEWHERE);
    const release = this.#places.enter(client);
    if (typeof release === 'string') throw tooMany(release);
    const token = randomBytes(24).toString('base64url');
    const stream = new ReservedStream(client.identity, this.#settings, () => {
      this.#streams.delete(token);
      release();
    });
    this.#streams.set(token, stream);
    return token;
  }

  /** Returns the stream of a token. Throws `GatewayError` 404 for one that is unknown, or of another user. */
  find(token: string, { identity }: ClientInfo): ReservedStream {
    const stream = this.#streams.get(token);
    if (stream && isSameUser(stream.owner, identity)) return stream;
    const message =
      'This process has no event stream with this token for this user: its connection has ended, or it was not opened in ' +
      'time. Reserve another one with PUT.';
    throw new GatewayError(404, 'NOT_FOUND', message);
  }

  /** Ends all streams, at random moments of the time for it. */
  drain(): void {
    this.#isDraining = true;
    for (const stream of this.#streams.values())
      setTimeout(() => stream.interrupt(), Math.random() * this.#settings.drainMs).unref();
  }
}

function tooMany(limit: 'process' | 'client'): GatewayError {
  const [what, key] =
    limit === 'process' ? ['The gateway has', 'max_reservations'] : ['This client has', 'max_reservations_per_client'];
  const message = `${what} as many event streams as subscription.single_connection.${key} allows. Try again later.`;
  return new GatewayError(limit === 'process' ? 503 : 429, 'SUBSCRIPTION_LIMIT_EXCEEDED', message);
}
