import type { IncomingHttpHeaders } from 'node:http';
import type { AccessField } from '../config/sections/access-log.ts';
import type { RequestNotes } from '../shared/request-notes.ts';
import { readTraceParent } from '../shared/trace-context.ts';
import { pathOf } from '../shared/url-path.ts';
import type { LogFields } from './logger.ts';

/** A request that has ended, for the access log. */
export interface EndedRequest {
  readonly requestId: string;
  readonly route: string;
  readonly method: string | undefined;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** `undefined` where the client got no whole response. */
  readonly status: number | undefined;
  readonly durationMs: number;
  readonly ip: string | undefined;
  readonly subject: string | undefined;
  readonly client: { readonly name: string | undefined; readonly version: string | undefined };
  readonly notes: RequestNotes;
  readonly bytesIn: number | undefined;
  readonly bytesOut: number | undefined;
}

/** What turns parts of a request into text that may be logged. */
export interface LineSettings {
  readonly hashUser: (subject: string) => string;
  readonly redactQuery: (url: string) => string | undefined;
}

type ReadField = (request: EndedRequest, settings: LineSettings) => unknown;

/** Longer names from clients are truncated. */
const LONGEST = 128;

/** The most error codes and subgraphs in a line. */
const MOST_VALUES = 20;

const FIELDS: Readonly<Record<AccessField, ReadField>> = {
  requestId: ({ requestId }) => requestId,
  traceId: ({ headers, notes }) => notes.traceId ?? readTraceParent(headers.traceparent)?.traceId,
  route: ({ route }) => route,
  endpoint: ({ notes }) => notes.endpoint,
  method: ({ method }) => method,
  path: ({ url }) => pathOf(url),
  query: ({ url }, { redactQuery }) => redactQuery(url),
  ip: ({ ip }) => ip,
  operation: ({ notes }) => operationNameOf(notes),
  operationType: ({ notes }) => notes.operation?.type,
  operationHash: ({ notes }) => notes.record?.execution.operationHash,
  client: ({ client }) => client.name,
  clientVersion: ({ client }) => client.version,
  user: ({ subject }, { hashUser }) => subject && hashUser(subject),
  subject: ({ subject }) => subject,
  status: ({ status }) => status,
  durationMs: ({ durationMs }) => durationMs,
  errorCodes: ({ notes }) => distinct(notes, ({ code }) => code),
  subgraphErrors: ({ notes }) =>
    notes.errors ? values(notes, ({ service }) => service).length || undefined : undefined,
  failedSubgraphs: ({ notes }) => distinct(notes, ({ service }) => service),
  subgraphs: ({ notes }) => subgraphsOf(notes),
  cache: ({ notes }) => cacheOf(notes),
  bytesIn: ({ bytesIn }) => bytesIn,
  bytesOut: ({ bytesOut }) => bytesOut,
  phases: ({ notes }) => notes.record?.phases(),
  reason: ({ notes }) => notes.reason,
};

/** Fields for which a request has to be recorded on its way. */
export const RECORDED_FIELDS: ReadonlySet<AccessField> = new Set([
  'operationHash',
  'subgraphs',
  'cache',
  'bytesIn',
  'bytesOut',
  'phases',
]);

/**
 * Returns a function that writes the given fields of a request as members of a JSON object, each after a comma:
 * `,"status":200,"durationMs":4.2`. Fields without a value are left out. No object is made on the way, since there is such a line for
 * each request.
 */
export function accessLine(fields: readonly AccessField[], settings: LineSettings): (request: EndedRequest) => string {
  const chosen = (Object.keys(FIELDS) as AccessField[]).filter((name) => fields.includes(name));
  const writers = chosen.map((name) => fieldWriter(name, settings));
  return (request) => {
    let text = '';
    for (const write of writers) text += write(request);
    return text;
  };
}

function fieldWriter(name: AccessField, settings: LineSettings): (request: EndedRequest) => string {
  const read = FIELDS[name];
  const begin = `,${JSON.stringify(name)}:`;
  const quote = PLAIN_FIELDS.has(name) ? (text: string) => `"${text}"` : quoter();
  return (request) => {
    const value = read(request, settings);
    if (value === undefined) return '';
    if (typeof value === 'string') return begin + quote(value);
    return begin + (typeof value === 'number' ? value : JSON.stringify(value));
  };
}

/** Fields whose texts never need escapes in JSON, and differ from request to request. */
const PLAIN_FIELDS: ReadonlySet<AccessField> = new Set(['requestId', 'traceId', 'user']);

/** Returns a function that writes texts in JSON. It keeps the last one, since most fields rarely differ from request to request. */
function quoter(): (text: string) => string {
  let last = '';
  let quoted = '""';
  return (text) => {
    if (text === last) return quoted;
    last = text;
    quoted = JSON.stringify(text);
    return quoted;
  };
}

/** Returns the request as one line for people: `POST /graphql 200 in 4.2 ms, query Shelf, client web 1.2.3, 2 fetches`. */
export function readableLine({ method, url, status, durationMs, client, notes }: EndedRequest): string {
  const { operation, endpoint, record } = notes;
  const name = operationNameOf(notes);
  const fetches = record?.execution.fetchCount ?? 0;
  const codes = distinct(notes, ({ code }) => code);
  return [
    `${method} ${url.split('?', 1)[0]} ${status ?? 'closed'} in ${durationMs} ms`,
    ...(endpoint === undefined ? [] : [`endpoint ${endpoint}`]),
    ...(operation || name ? [[operation?.type ?? 'operation', name].filter(Boolean).join(' ')] : []),
    ...(client.name === undefined ? [] : [`client ${[client.name, client.version].filter(Boolean).join(' ')}`]),
    ...(fetches === 0 ? [] : [`${fetches} ${fetches === 1 ? 'fetch' : 'fetches'}`]),
    ...(codes === undefined ? [] : [`errors: ${codes.join(' ')}`]),
  ].join(', ');
}

function operationNameOf({ operation, operationName }: RequestNotes): string | undefined {
  return (operation?.name ?? operationName)?.slice(0, LONGEST);
}

type Extensions = Readonly<Record<string, unknown>>;

/** Returns the texts that the errors of a response have in their extensions. */
function values({ errors = [] }: RequestNotes, read: (extensions: Extensions) => unknown): string[] {
  return errors.map(({ extensions }) => extensions && read(extensions)).filter((value) => typeof value === 'string');
}

function distinct(notes: RequestNotes, read: (extensions: Extensions) => unknown): string[] | undefined {
  if (notes.errors === undefined) return undefined;
  const found = [...new Set(values(notes, read))].slice(0, MOST_VALUES);
  return found.length === 0 ? undefined : found.map((value) => value.slice(0, LONGEST));
}

function subgraphsOf({ record }: RequestNotes): LogFields | undefined {
  const { fetches, fetchCount } = record?.execution ?? { fetches: [], fetchCount: 0 };
  if (fetchCount === 0) return undefined;
  const more = fetchCount - fetches.length;
  return { ...{ fetches }, ...(more > 0 && { more }) };
}

function cacheOf({ record }: RequestNotes): LogFields | undefined {
  if (record === undefined) return undefined;
  const { isPlanCached } = record.execution;
  const found = {
    ...(isPlanCached !== undefined && { plan: isPlanCached ? 'hit' : 'miss' }),
    ...(record.responseCache !== undefined && { response: record.responseCache }),
    ...(record.isShared && { inFlight: 'shared' }),
  };
  return Object.keys(found).length === 0 ? undefined : found;
}
