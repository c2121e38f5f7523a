import type { StoreReport } from '../cache/cache-store.ts';
import type { InvalidationRequest } from '../cache/invalidator.ts';
import type { CanaryEnd } from '../composition/supergraph-provider.ts';
import type { ProblemDetails } from '../http/problem.ts';
import type { CircuitState } from '../traffic/circuit-breaker.ts';
import type { UsageReport } from '../usage/usage-report.ts';
import type { CanaryStatus } from './canary.ts';
import type { EndedCanary } from './canary-reports.ts';

/** Which endpoint an action is for. */
export interface EndpointTarget {
  readonly subgraph: string;
  /** The URL; user name, password and query do not matter. */
  readonly url: string;
  /** The variant of the subgraph; `undefined` for the subgraph itself. */
  readonly variant?: string | undefined;
}

/** An action on one endpoint. */
export type EndpointAction = EndpointTarget &
  (
    | { readonly action: 'drain' | 'undrain' | 'trip' | 'reset' }
    | { readonly action: 'weight'; readonly weight: number }
  );

/** What the admin API asks of each process. */
export type AdminCommand =
  | { readonly kind: 'list_endpoints' }
  | { readonly kind: 'endpoint'; readonly action: EndpointAction }
  | { readonly kind: 'canary_status' }
  | { readonly kind: 'reload' }
  | { readonly kind: 'cache_report' }
  | { readonly kind: 'invalidate'; readonly requests: readonly InvalidationRequest[] }
  | { readonly kind: 'usage' }
  | { readonly kind: 'schema' }
  | CanaryAction;

/** Ends a canary. */
export interface CanaryAction extends CanaryEnd {
  readonly kind: 'end_canary';
}

/** The state of one endpoint in one process. Members that do not apply are missing. */
export interface EndpointReport {
  readonly subgraph: string;
  readonly variant?: string | undefined;
  readonly url: string;
  readonly priority?: number | undefined;
  readonly weight?: number | undefined;
  /** The weight in the config. */
  readonly configured_weight?: number | undefined;
  readonly drained?: boolean | undefined;
  /** What active health checks say. */
  readonly health?: 'healthy' | 'unhealthy' | undefined;
  readonly ejected?: boolean | undefined;
  /** Milliseconds until the end of the ejection. */
  readonly ejected_for_ms?: number | undefined;
  /** How often it was ejected lately. */
  readonly ejections?: number | undefined;
  readonly circuit_breaker?: CircuitState | undefined;
  /** Whether an operator has opened the circuit. */
  readonly tripped?: boolean | undefined;
  readonly requests_in_progress?: number | undefined;
}

/** The canary in one process. */
export interface CanaryReport {
  readonly running: CanaryStatus | undefined;
  readonly last: EndedCanary | undefined;
}

/** A schema that clients see. */
export interface ServedSchema {
  /** The digest of its supergraph. */
  readonly id: string;
  readonly sdl: string;
}

/** The schema that the clients of a canary see. */
export interface CanarySchema extends ServedSchema {
  /** The share of clients that get it, from 0 to 1. */
  readonly share: number;
}

/** Why a process does not apply an action. */
export type Refusal = Pick<ProblemDetails, 'status' | 'kind' | 'detail'>;

/** The reply of one process. */
export type AdminReply =
  | { readonly kind: 'endpoints'; readonly endpoints: readonly EndpointReport[] }
  | { readonly kind: 'canary'; readonly canary: CanaryReport }
  | { readonly kind: 'usage'; readonly report: UsageReport }
  /** The schema that clients see, and that of a canary if one runs. */
  | (ServedSchema & { readonly kind: 'schema'; readonly canary: CanarySchema | undefined })
  | { readonly kind: 'applied' }
  | { readonly kind: 'cache'; readonly report: StoreReport }
  /** `unknown`: what is unknown in the requests. */
  | { readonly kind: 'invalidated'; readonly count: number; readonly unknown: readonly string[] }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** The replies of all processes. A process that does not respond in time is not among them. */
export interface AdminReplies {
  /** The number of processes that serve. */
  readonly processes: number;
  readonly replies: readonly AdminReply[];
}

/** The reply where usage is not counted. */
export const NO_USAGE: AdminReply = {
  kind: 'refused',
  refusal: {
    status: 409,
    kind: 'usage-off',
    detail: 'Usage is not counted. Set "usage.enabled: true" in the config, and restart the gateway.',
  },
};

/** The reply where no schema is loaded yet. */
export const NO_SCHEMA: AdminReply = {
  kind: 'refused',
  refusal: { status: 503, kind: 'no-schema', detail: 'No schema loaded yet. The log says why.' },
};

/** The reply where no canary runs. */
export const NO_CANARY: AdminReply = {
  kind: 'refused',
  refusal: {
    status: 409,
    kind: 'no-canary',
    detail: 'There is no canary. GET /admin/canary says how the last one has ended.',
  },
};
