import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GraphQLSchema } from 'graphql';
import type { ClientInfo } from '../../client/identity.ts';
import type { RepresentationSettings } from '../../http/send-representation.ts';
import type { Engine } from '../../pipeline/engine.ts';
import type { AdmissionControl, Place } from '../../policy/admission/admission.ts';
import type { Limiter } from '../../policy/rate-limits/limiter.ts';
import type { ByteBudget } from '../../shared/byte-budget.ts';
import type { RequestNotes } from '../../shared/request-notes.ts';
import type { KnownRequests } from '../caching/known-requests.ts';
import type { ResponseCache } from '../caching/response-cache.ts';
import type { Endpoint, LoadedEndpoints } from '../endpoints/endpoints.ts';
import type { EndpointFolder } from '../endpoints/folder.ts';
import type { RoutingTable } from '../endpoints/router.ts';
import type { IdempotentExecutor } from '../idempotency/idempotency.ts';
import type { DocumentSettings } from '../openapi/document-settings.ts';
import type { ClientPolicies } from '../responses/cors.ts';
import type { EndpointResponse } from '../responses/endpoint-response.ts';
import type { AcceptedCredentials } from './challenge.ts';
import type { SharedExecutions } from './shared-executions.ts';
import type { ErrorStatus } from './source-status.ts';
import type { EndpointSubscriptions } from './stream-events.ts';

/** The endpoints of one folder, checked against one engine's schema. */
export interface EndpointSnapshot {
  readonly engine: Engine;
  readonly folder: EndpointFolder;
  readonly loaded: LoadedEndpoints;
  readonly table: RoutingTable;
  /** Digest of the folder, the schema and the rules for operations; part of all cache keys. */
  readonly digest: string;
  readonly knownRequests: KnownRequests;
  /** Headers of every response, by `CLIENT` and `CLIENT/VERSION`. */
  readonly defaultHeaders: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** CORS policies by client. */
  readonly cors: ClientPolicies;
}

/** One HTTP request to an endpoint. */
export interface Call {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** Path as clients see it: with the path prefix of a proxy. */
  readonly path: string;
  /** Path without that prefix. */
  readonly route: string;
  /** Query string, without the `?`. */
  readonly query: string;
  readonly requestId: string;
  readonly client: ClientInfo | undefined;
  readonly notes: RequestNotes;
  /** The place among the requests in progress, where their number is limited. A stream leaves it with its first event. */
  readonly place?: Place | undefined;
}

/** Counts a rejected request by policy and reason. */
export type CountRefusal = (policy: string, reason: string) => void;

/** Settings and stores that all calls share. */
export interface BffContext extends RepresentationSettings {
  /** Whether problem details help developers, and responses have `Server-Timing`. */
  readonly dev: boolean;
  /** Timeout of one request, in milliseconds. */
  readonly timeoutMs: number;
  /** Interval between keep-alive comments in an event stream, in milliseconds. */
  readonly keepAliveMs: number;
  /** Largest request body in bytes. */
  readonly maxRequestBytes: number;
  /** Counts the bytes of long bodies while they arrive. */
  readonly byteBudget: ByteBudget | undefined;
  /** Refuses calls while the gateway is overloaded. */
  readonly admission: AdmissionControl | undefined;
  /** Whether identical reads in flight share one execution. */
  readonly shareReads: boolean;
  /** Whether responses leave out names of the schema and of endpoints that the client has not sent itself. */
  readonly hidesDetails: boolean;
  /** HTTP statuses for error codes of sources, in addition to the built-in ones. */
  readonly errorStatus: ErrorStatus | undefined;
  /** Whether `/bff/docs` and `/bff/openapi.json` are served. */
  readonly docs: boolean;
  /** Title, version, servers and other settings of the OpenAPI documents. */
  readonly documentSettings: DocumentSettings;
  readonly purgeToken: string | undefined;
  readonly acceptedCredentials: AcceptedCredentials;
  /** Removes cached responses by tags; returns their number. */
  readonly purge: (tags: readonly string[]) => number | Promise<number>;
  readonly cache: ResponseCache | undefined;
  readonly idempotency: IdempotentExecutor;
  readonly limiter: Limiter;
  /** Whether responses have `RateLimit` headers. */
  readonly limitHeaders: boolean;
  /** Runs subscriptions; `undefined` where they are switched off. */
  readonly subscriptions: EndpointSubscriptions | undefined;
  readonly sharedExecutions: SharedExecutions<EndpointResponse>;
  /** Called when a policy rejects a request. */
  readonly onRefused: CountRefusal | undefined;
  /** Counts a request to an endpoint, where usage is counted. */
  readonly countUse: ((endpoint: Endpoint, schema: GraphQLSchema) => void) | undefined;
}
