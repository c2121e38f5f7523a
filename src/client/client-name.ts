import type { IncomingHttpHeaders } from 'node:http';

/** The headers in which clients name themselves (`telemetry.client_awareness`), in lower case. */
export interface ClientNameHeaders {
  readonly name_headers: readonly string[];
  readonly version_headers: readonly string[];
}

/** A client as it names itself. Nothing proves that it is this client. */
export interface NamedClient {
  readonly name: string | undefined;
  readonly version: string | undefined;
}

/** Longer names and versions are truncated. */
const LONGEST = 128;

/** Returns the name and version that a client sent: at most 128 characters, and printable ASCII only. */
export function namedClient(headers: IncomingHttpHeaders, settings: ClientNameHeaders): NamedClient {
  return { name: firstOf(headers, settings.name_headers), version: firstOf(headers, settings.version_headers) };
}

/** Returns the value of the first of the headers that has one. */
export function firstOf(headers: IncomingHttpHeaders, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = headers[name];
    if (typeof value !== 'string') continue;
    const clean = cleanName(value);
    if (clean !== '') return clean;
  }
  return undefined;
}

function cleanName(value: string): string {
  return value
    .slice(0, LONGEST)
    .replace(/[^\x20-\x7e]/g, '')
    .trim();
}
