import { HEALTH_PATHS, LIVENESS_PATHS } from './health-paths.ts';
import { JSON_TYPE } from './media-type.ts';
import { type HttpResponse, textResponse } from './response.ts';

export interface HealthOptions {
  /** Returns whether a schema is loaded. */
  readonly hasSchema: () => boolean;
  readonly isDraining: () => boolean;
  /** Returns whether the shared store is available. `/ready` reports it, and stays ready without it. */
  readonly storeState?: (() => 'UP' | 'DOWN') | undefined;
}

/** Returns liveness or readiness; `undefined` for other paths. */
export function healthResponse(
  path: string,
  { hasSchema, isDraining, storeState }: HealthOptions,
): HttpResponse | undefined {
  if (!HEALTH_PATHS.has(path)) return undefined;
  if (LIVENESS_PATHS.has(path)) return stateResponse(200, { status: 'UP' });
  if (isDraining()) return stateResponse(503, { status: 'NOT_READY', reason: 'draining' });
  if (!hasSchema()) return stateResponse(503, { status: 'NOT_READY', reason: 'no schema' });
  return stateResponse(200, { status: 'READY', store: storeState?.() });
}

function stateResponse(status: number, state: object): HttpResponse {
  return textResponse(status, JSON_TYPE, JSON.stringify(state), { 'cache-control': 'no-store' });
}
