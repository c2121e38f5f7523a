/** What is noted about the responses of sources to one client request. */
interface Noted {
  readonly freshness?: { record(freshness: typeof NOT_STORED): void } | undefined;
  readonly cacheTags?: { hasErrorStatus: boolean } | undefined;
  hasErrorStatus?: boolean | undefined;
}

/** What data with the status of an error says about caching. */
const NOT_STORED = { maxAgeMs: 0, isPrivate: false, noStore: true };

/** Notes whether a source has sent data with the status of an error, so that no response with it is cached. */
export function noteStatus(status: number, client: Noted | undefined): void {
  if (client === undefined || (status >= 200 && status < 300)) return;
  client.hasErrorStatus = true;
  if (client.cacheTags) client.cacheTags.hasErrorStatus = true;
  client.freshness?.record(NOT_STORED);
}
