import type { Freshness } from './freshness.ts';

/** What a response with the data of a failed request says about caching. */
const NOT_STORED: Freshness = { maxAgeMs: 0, isPrivate: false, noStore: true };

/** What is noted about the responses of sources to one client request. */
interface Noted {
  readonly freshness?: { record(freshness: Freshness): void } | undefined;
  hasErrorStatus?: boolean | undefined;
}

/** Notes whether a source has sent data with the status of an error, so that no response with it is cached. */
export function noteStatus(status: number, client: Noted | undefined): void {
  if (client === undefined || (status >= 200 && status < 300)) return;
  client.hasErrorStatus = true;
  client.freshness?.record(NOT_STORED);
}
