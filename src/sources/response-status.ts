import type { SubgraphResponse } from './source.ts';

/**
 * Returns the HTTP status to record for a response. Where one of several calls failed, it is that of this call; `undefined` if the call had
 * no response.
 */
export function recordedStatus(response: SubgraphResponse): number | undefined {
  if (response.kind === 'failure') return response.failure.status;
  const { status, failed } = response;
  if (failed === undefined) return status;
  // a response that cannot be used is a response
  return failed.status ?? (failed.code === 'SUBREQUEST_MALFORMED_RESPONSE' ? status : undefined);
}
