import type { MetricLabels } from '../config/sections/metrics.ts';
import { BoundedValues, MOST_STATUSES, SharedBound } from './bounded-values.ts';
import { memo } from './memo.ts';
import type { Counter, Histogram, Metrics } from './metrics.ts';

/** The kind of an HTTP route. */
export type Route = 'graphql' | 'bff' | 'health' | 'other';

/**
 * `closed`: the client disconnected before the response. `draining`: refused because the gateway stops. `cut_off`: the
 * request took longer than the gateway took to stop.
 */
export type NoStatus = 'closed' | 'draining' | 'cut_off';

/** `errors`: the response has errors, or a status of 400 and above. `closed`: there was no whole response. */
export type RequestResult = 'ok' | 'errors' | 'closed';

/** What has to do with the requests of clients. Times in seconds. */
export interface RequestInstruments {
  readonly http: HttpInstruments;
  readonly operations: OperationInstruments;
  readonly clients: ClientInstruments;
  /** Verified consumers; `undefined` where they are not measured. */
  readonly consumers: PartyInstruments | undefined;
  readonly endpoints: EndpointRequests;
  /** An error code of a response: one of a fixed set of words. */
  readonly graphqlError: (route: Route, code: string) => void;
  /** @param kind the kind of the credential, or `none` */
  readonly authenticated: (kind: string) => void;
  /** A request has got the result of an equal one in flight. */
  readonly requestShared: () => void;
  /** @param active called whenever the metrics are read */
  readonly watchActive: (active: () => number) => void;
}

export interface HttpInstruments {
  /** @param traceId the trace of the request, for an exemplar */
  readonly finished: (route: Route, status: number | NoStatus, seconds: number, traceId: string | undefined) => void;
  /** Bytes that a connection has received and sent since its last request ended. */
  readonly transferred: (route: Route, received: number, sent: number) => void;
}

export interface OperationInstruments {
  /** @param name `undefined` for an operation without one */
  readonly finished: (
    operation: { readonly name: string | undefined; readonly type: string } | undefined,
    result: RequestResult,
    seconds: number,
    traceId: string | undefined,
  ) => void;
}

export interface PartyInstruments {
  readonly served: (name: string, result: RequestResult, seconds: number) => void;
}

export interface ClientInstruments {
  /** Whether clients are measured at all. */
  readonly isOn: boolean;
  readonly hasVersions: boolean;
  readonly served: (
    name: string | undefined,
    version: string | undefined,
    result: RequestResult,
    seconds: number,
  ) => void;
}

export interface EndpointRequests {
  readonly finished: (
    endpoint: string,
    status: number | NoStatus,
    seconds: number,
    traceId: string | undefined,
  ) => void;
}

/** Settings of the labels that can have many values, and of durations. */
export interface InstrumentSettings {
  readonly labels: MetricLabels;
  /** Upper bounds, in seconds. */
  readonly buckets: readonly number[];
}

export function createRequestInstruments(metrics: Metrics, settings: InstrumentSettings): RequestInstruments {
  const errors = metrics.counter({
    name: 'headgate_graphql_errors_total',
    help: 'Responses with errors, once for each error code in the response; "none": errors without a code, "other": codes that are not well known',
    labels: ['route', 'code'],
  });
  return {
    http: httpInstruments(metrics, settings),
    operations: operationInstruments(metrics, settings),
    clients: clientInstruments(metrics, settings),
    consumers: consumerInstruments(metrics, settings),
    endpoints: endpointRequests(metrics, settings),
    graphqlError: errors,
    authenticated: countCredentials(metrics),
    requestShared: metrics.counter({
      name: 'headgate_shared_requests_total',
      help: 'Requests that got the result of an equal one in flight (traffic_shaping.router.deduplicate_query)',
    }),
    watchActive(active) {
      const help = 'Requests of clients that have no whole response yet';
      metrics.gauge({ name: 'headgate_http_active_requests', help, together: 'sum' }, active);
    },
  };
}

function countCredentials(metrics: Metrics): (kind: string) => void {
  const requests = metrics.counter({
    name: 'headgate_authenticated_requests_total',
    help: 'Requests for GraphQL and endpoints by the kind of the credential that was accepted: jwt, api_key, opaque, certificate, session, plugin; "none": no credential was accepted',
    labels: ['kind'],
  });
  const ofKind = memo((kind: string) => requests.series(kind));
  return (kind) => ofKind(kind).add();
}

function httpInstruments(metrics: Metrics, { buckets }: InstrumentSettings): HttpInstruments {
  const requests = metrics.counter({
    name: 'headgate_http_requests_total',
    help: 'Requests by kind of route (graphql, bff, health, other) and status; "closed": the client disconnected before the response, "draining": /ready, and what cannot begin any more, while the gateway stops, "cut_off": the request took longer than shutdown.grace, "other": statuses beyond the first 40',
    labels: ['route', 'status'],
  });
  const durations = metrics.histogram({
    name: 'headgate_http_request_duration_seconds',
    help: 'From the headers of a request to the end of its response',
    labels: ['route'],
    buckets,
  });
  const bytes = (name: string, help: string) => metrics.counter({ name, help, labels: ['route'] });
  const received = bytes('headgate_http_received_bytes_total', 'Bytes that clients have sent, with headers');
  const sent = bytes('headgate_http_sent_bytes_total', 'Bytes that were sent to clients, with headers');
  const ofRoute = memo((route: Route) => ({
    status: statusSeries((status) => requests.series(route, status)),
    duration: durations.series(route),
    received: received.series(route),
    sent: sent.series(route),
  }));
  return {
    finished(route, status, seconds, traceId) {
      const series = ofRoute(route);
      series.status(status).add();
      series.duration.observe(seconds, traceId);
    },
    transferred(route, bytesIn, bytesOut) {
      const series = ofRoute(route);
      series.received.add(bytesIn);
      series.sent.add(bytesOut);
    },
  };
}

/** Returns what finds the series of a status. Plugins and subgraphs may choose any number. */
function statusSeries(open: (status: string) => Counter): (status: number | NoStatus) => Counter {
  const numbers = new BoundedValues<Counter, number>(MOST_STATUSES, open);
  const words = memo((word: NoStatus) => open(word));
  return (status) => (typeof status === 'number' ? numbers.get(status) : words(status));
}

/** The series of one operation, client or endpoint. */
interface RequestSeries {
  readonly results: (result: RequestResult) => Counter;
  readonly duration: Histogram;
}

/** Stands for an operation without a name. */
export const ANONYMOUS = 'anonymous';
/** Stands for a request without an operation, such as one that cannot be parsed. */
const UNKNOWN = 'unknown';
/** Stands for the operations of a batch together. */
const BATCH = 'batch';

function operationInstruments(metrics: Metrics, settings: InstrumentSettings): OperationInstruments {
  const { enabled, max } = settings.labels.operation_names;
  const labels = enabled ? ['operation', 'type'] : ['type'];
  const requests = metrics.counter({
    name: 'headgate_operation_requests_total',
    help: 'Requests with an operation, by its name and type; "anonymous": it has no name, "unknown": the request has no valid operation, "other": names beyond telemetry.metrics.operation_names.max; result: ok, errors, closed',
    labels: [...labels, 'result'],
    isBounded: true,
  });
  const durations = metrics.histogram({
    name: 'headgate_operation_request_duration_seconds',
    help: 'From the headers of a request to the end of its response, by operation',
    labels,
    isBounded: true,
    buckets: settings.buckets,
  });
  const open = (name: string) =>
    memo((type: string): RequestSeries => {
      const values = enabled ? [name, type] : [type];
      return {
        results: memo((result: RequestResult) => requests.series(...values, result)),
        duration: durations.series(...values),
      };
    });
  const names = new BoundedValues(enabled ? max : 1, open);
  const unknown = open(UNKNOWN);
  const batch = open(BATCH);
  const anonymous = open(ANONYMOUS);

  function seriesOf(operation: Parameters<OperationInstruments['finished']>[0]): RequestSeries {
    if (operation === undefined) return unknown(UNKNOWN);
    const { name, type } = operation;
    // the operations of a batch together have the names and types of all
    if (name?.includes(',') || type.includes(',')) return batch(BATCH);
    return (name ? names.get(name) : anonymous)(type);
  }
  return {
    finished(operation, result, seconds, traceId) {
      const series = seriesOf(operation);
      series.results(result).add();
      series.duration.observe(seconds, traceId);
    },
  };
}

function clientInstruments(metrics: Metrics, { labels, buckets }: InstrumentSettings): ClientInstruments {
  const { client_names: names, client_versions: versions } = labels;
  const isOn = names.enabled || versions.enabled;
  const hasVersions = versions.enabled;
  if (!isOn) return { isOn, hasVersions, served() {} };
  const both = [...(names.enabled ? ['client'] : []), ...(versions.enabled ? ['version'] : [])];
  const { requests, durations } = partyMetrics(metrics, 'client', both, buckets, {
    counted: 'Requests for GraphQL and endpoints by the client, as it names itself',
    measured: 'From the headers of a request to the end of its response, by client',
  });
  const open = (...values: string[]): RequestSeries => ({
    results: memo((result: RequestResult) => requests.series(...values, result)),
    duration: durations.series(...values.slice(0, 1)),
  });
  const ofAllClients = new SharedBound(MOST_VERSIONS);
  // those who name no client have a series of their own, whatever the bound is
  const versionsOf = (...name: string[]): Optional => {
    if (!versions.enabled) return optional(undefined, () => open(...name));
    const own = new BoundedValues(versions.max, (version) => open(...name, version), ofAllClients);
    return optional(own, () => open(...name, NONE));
  };
  const nameless = memo(() => (names.enabled ? versionsOf(NONE) : versionsOf()));
  const byName = new BoundedValues(names.max, (name) => versionsOf(name));
  return {
    isOn,
    hasVersions,
    served(name, version, result, seconds) {
      const series = (name === undefined || !names.enabled ? nameless(undefined) : byName.get(name))(version);
      series.results(result).add();
      series.duration.observe(seconds);
    },
  };
}

/** The most versions of all clients together: each of 1,000 clients could have as many. */
const MOST_VERSIONS = 1_000;
/** Stands for a client that names itself or its version not. */
const NONE = 'none';

type Optional = (value: string | undefined) => RequestSeries;

/** Returns what finds the series of a value that may be missing. */
function optional(values: BoundedValues<RequestSeries> | undefined, openMissing: () => RequestSeries): Optional {
  const missing = memo(openMissing);
  return (value) => (value === undefined || values === undefined ? missing(undefined) : values.get(value));
}

function consumerInstruments(metrics: Metrics, settings: InstrumentSettings): PartyInstruments | undefined {
  const { enabled, max } = settings.labels.consumers;
  if (!enabled) return undefined;
  const { requests, durations } = partyMetrics(metrics, 'consumer', ['consumer'], settings.buckets, {
    counted:
      'Requests for GraphQL and endpoints by verified consumer: the owner of the API key, the OAuth client or the subject of the certificate; "anonymous": there is no credential, "unnamed": it names none of them',
    measured: 'From the headers of a request to the end of its response, by verified consumer',
  });
  const consumers = new BoundedValues(max, (name) => ({
    results: memo((result: RequestResult) => requests.series(name, result)),
    duration: durations.series(name),
  }));
  return {
    served(name, result, seconds) {
      const series = consumers.get(name);
      series.results(result).add();
      series.duration.observe(seconds);
    },
  };
}

function partyMetrics(
  metrics: Metrics,
  party: 'client' | 'consumer',
  labels: readonly string[],
  buckets: readonly number[],
  { counted, measured }: { readonly counted: string; readonly measured: string },
) {
  return {
    requests: metrics.counter({
      name: `headgate_${party}_requests_total`,
      help: `${counted}; result: ok, errors, closed`,
      labels: [...labels, 'result'],
      isBounded: true,
    }),
    durations: metrics.histogram({
      name: `headgate_${party}_request_duration_seconds`,
      help: measured,
      // versions would multiply the buckets
      labels: labels.slice(0, 1),
      isBounded: true,
      buckets,
    }),
  };
}

function endpointRequests(metrics: Metrics, { buckets }: InstrumentSettings): EndpointRequests {
  const requests = metrics.counter({
    name: 'headgate_bff_requests_total',
    help: 'Requests by endpoint, such as web/dashboard, and status',
    labels: ['endpoint', 'status'],
  });
  const durations = metrics.histogram({
    name: 'headgate_bff_request_duration_seconds',
    help: 'From the headers of a request to the end of its response, by endpoint',
    labels: ['endpoint'],
    buckets,
  });
  const ofEndpoint = memo((endpoint: string) => ({
    status: statusSeries((status) => requests.series(endpoint, status)),
    duration: durations.series(endpoint),
  }));
  return {
    finished(endpoint, status, seconds, traceId) {
      const series = ofEndpoint(endpoint);
      series.status(status).add();
      series.duration.observe(seconds, traceId);
    },
  };
}
