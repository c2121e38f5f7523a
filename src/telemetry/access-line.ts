import type { IncomingHttpHeaders } from 'node:http';
import type { Config } from '../config/config.ts';
import type { RequestNotes } from '../shared/request-notes.ts';
import type { LogFields } from './logger.ts';

export type AccessLogSettings = Config['telemetry']['access_log'];

/** Longer values from clients are truncated. */
const LONGEST = 128;

/**
 * Returns the fields of the access log beside method, path and status: the endpoint, the operation, the client, and the failed
 * subgraphs. Unknown fields are left out.
 */
export function accessFields(
  notes: RequestNotes,
  headers: IncomingHttpHeaders,
  settings: AccessLogSettings,
): LogFields {
  const { endpoint, operation, operationName, errors = [], reason } = notes;
  const name = operation?.name ?? operationName;
  const client = firstOf(headers, settings.client_name_headers);
  const version = firstOf(headers, settings.client_version_headers);
  const services = errors.map(({ extensions }) => extensions?.service).filter((service) => typeof service === 'string');
  return {
    ...(endpoint !== undefined && { endpoint }),
    ...(name !== undefined && { operation: name.slice(0, LONGEST) }),
    ...(operation !== undefined && { operationType: operation.type }),
    ...(client !== undefined && { client }),
    ...(version !== undefined && { clientVersion: version }),
    ...(services.length > 0 && { subgraphErrors: services.length, failedSubgraphs: [...new Set(services)] }),
    ...(reason !== undefined && { reason }),
  };
}

function firstOf(headers: IncomingHttpHeaders, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = headers[name];
    if (typeof value === 'string' && value !== '') return value.slice(0, LONGEST);
  }
  return undefined;
}
