import { JSON_TYPE } from './media-type.ts';
import { type HttpResponse, textResponse } from './response.ts';

/** Paths that load balancers and orchestrators ask, without a credential and from any address. Aliases are those of other gateways. */
export const HEALTH_PATHS: ReadonlySet<string> = new Set(['/health', '/healthcheck', '/ready', '/readiness']);

export interface HealthOptions {
  /** Whether there is a schema. */
  readonly hasSchema: () => boolean;
  readonly isDraining: () => boolean;
  /** Whether the store that processes share is there; `/ready` says so, and stays ready. */
  readonly storeState?: (() => 'UP' | 'DOWN') | undefined;
}

/** Returns liveness or readiness; `undefined` for other paths. */
export function healthResponse(
  path: string,
  { hasSchema, isDraining, storeState }: HealthOptions,
): HttpResponse | undefined {
  if (!HEALTH_PATHS.has(path)) return undefined;
  if (path === '/health' || path === '/healthcheck') return stateResponse(200, { status: 'UP' });
  if (isDraining()) return stateResponse(503, { status: 'NOT_READY', reason: 'draining' });
  if (!hasSchema()) return stateResponse(503, { status: 'NOT_READY', reason: 'no schema' });
  return stateResponse(200, { status: 'READY', store: storeState?.() });
}

function stateResponse(status: number, state: object): HttpResponse {
  return textResponse(status, JSON_TYPE, JSON.stringify(state), { 'cache-control': 'no-store' });
}
