import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DependsOn } from '../../client/depends-on.ts';
import type { ClientInfo } from '../../client/identity.ts';
import type { Engine } from '../../pipeline/engine.ts';
import type { Limiter } from '../../policy/rate-limits/limiter.ts';
import type { RequestNotes } from '../../shared/request-notes.ts';
import type { ResponseCache } from '../caching/answer-cache.ts';
import type { KnownRequests } from '../caching/known-requests.ts';
import type { LoadedEndpoints } from '../endpoints/endpoints.ts';
import type { EndpointFolder } from '../endpoints/folder.ts';
import type { RoutingTable } from '../endpoints/router.ts';
import type { Once } from '../idempotency/idempotency.ts';
import type { DocumentSettings } from '../openapi/document-settings.ts';
import type { ClientPolicies } from '../responses/cors.ts';
import type { EndpointResponse } from '../responses/reply.ts';
import type { SendSettings } from '../responses/send.ts';
import type { AcceptedCredentials } from './challenge.ts';
import type { SharedExecutions } from './flights.ts';
import type { ErrorStatus } from './source-status.ts';

/** Endpoints as checked against one engine's schema. */
export interface EndpointSnapshot {
  readonly engine: Engine;
  readonly folder: EndpointFolder;
  readonly loaded: LoadedEndpoints;
  readonly table: RoutingTable;
  /** Names this folder and this schema in keys of what is kept. */
  readonly digest: string;
  readonly known: KnownRequests;
  /** Headers that every answer bears, by `CLIENT` and `CLIENT/VERSION`. */
  readonly defaultHeaders: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** What web pages may do, by client. */
  readonly cors: ClientPolicies;
}

/** One HTTP request to an endpoint. */
export interface Call {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** As clients know it: with the prefix under which a proxy shows the gateway. */
  readonly path: string;
  /** Without that prefix. */
  readonly route: string;
  /** What comes after the `?`. */
  readonly query: string;
  readonly requestId: string;
  readonly client: ClientInfo | undefined;
  readonly notes: RequestNotes;
}

export type CountRefusal = (policy: string, reason: string) => void;

/** What all calls have in common. */
export interface BffContext extends SendSettings {
  /** How long one request may take, in milliseconds. */
  readonly timeoutMs: number;
  /** How often a stream of events shows that it is alive, in milliseconds. */
  readonly keepAliveMs: number;
  /** Largest request body in bytes. */
  readonly maxRequestBytes: number;
  /** Whether identical reads in flight share one execution. */
  readonly shareReads: boolean;
  /** What answers depend on beside their parameters; `undefined`: on nothing that sources are sent. */
  readonly dependsOn: DependsOn | undefined;
  /** Whether answers leave out names of the schema, and of endpoints, that a client has not given itself. */
  readonly hidesDetails: boolean;
  /** Statuses for codes of sources, beside those that are known. */
  readonly errorStatus: ErrorStatus | undefined;
  /** Whether the endpoints are documented. */
  readonly docs: boolean;
  /** What OpenAPI documents say beside the endpoints. */
  readonly documented: DocumentSettings;
  readonly purgeToken: string | undefined;
  readonly accepted: AcceptedCredentials;
  /** Forgets kept answers, where they are kept for clients of this gateway. */
  readonly purge: (tags: readonly string[]) => number | Promise<number>;
  readonly cache: ResponseCache | undefined;
  readonly once: Once;
  readonly limiter: Limiter;
  /** Whether answers say what is left of the limits of clients. */
  readonly limitHeaders: boolean;
  readonly sharedExecutions: SharedExecutions<EndpointResponse>;
  /** Told of what is refused to a client: by which policy, and why. */
  readonly onRefused: CountRefusal | undefined;
}
