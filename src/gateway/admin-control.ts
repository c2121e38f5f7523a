import { printSchema } from 'graphql';
import type { Engine } from '../pipeline/engine.ts';
import { isRedisReply, StoreUnavailable } from '../store/redis.ts';
import {
  type AdminCommand,
  type AdminReply,
  NO_CANARY,
  NO_SCHEMA,
  NO_USAGE,
  type ServedSchema,
} from './admin-commands.ts';
import type { CanaryReports } from './canary-reports.ts';
import type { EndpointControl } from './endpoint-control.ts';
import { endCanary, type Gateway } from './generations.ts';
import type { OpenCache } from './open-cache.ts';
import type { OpenUsage } from './open-usage.ts';
import { supergraphId } from './supergraph-id.ts';

export interface AdminControlParts {
  readonly endpoints: EndpointControl;
  readonly gateway: Pick<Gateway, 'engine' | 'canary' | 'promote' | 'rollBack'>;
  readonly canaries: Pick<CanaryReports, 'last'>;
  readonly cache: OpenCache | undefined;
  readonly usage: Pick<OpenUsage, 'report'> | undefined;
  readonly reload: () => Promise<void>;
}

/** The most keys and tags that are listed. */
const MOST_LISTED = 20;

const NO_CACHE: AdminReply = {
  kind: 'refused',
  refusal: { status: 409, kind: 'no-cache', detail: 'The response cache is off: see response_cache.enabled.' },
};

async function invalidate(
  { invalidator, names }: OpenCache,
  requests: Extract<AdminCommand, { kind: 'invalidate' }>['requests'],
): Promise<AdminReply> {
  try {
    return { kind: 'invalidated', count: await invalidator.apply(requests), unknown: names.unknownIn(requests) };
  } catch (error) {
    const reason = unusable(error);
    if (reason === undefined) throw error;
    const detail = `${reason} What is cached there may not be removed: send the request again.`;
    return { kind: 'refused', refusal: { status: 503, kind: 'store-unavailable', detail } };
  }
}

/** Returns why Redis could not be used; `undefined` for other errors. */
function unusable(error: unknown): string | undefined {
  if (error instanceof StoreUnavailable) return error.message;
  return isRedisReply(error) ? `Redis rejects a command; check its rights and version: ${error.message}` : undefined;
}

function schemaOf(gateway: Pick<Gateway, 'engine' | 'canary'>): AdminReply {
  const engine = gateway.engine();
  if (engine === undefined) return NO_SCHEMA;
  const printed = ({ supergraph, publicSchema }: Engine): ServedSchema => ({
    id: supergraphId(supergraph.sdl),
    sdl: printSchema(publicSchema),
  });
  const canary = gateway.canary();
  return {
    kind: 'schema',
    ...printed(engine),
    canary: canary && { ...printed(canary.engine), share: canary.status.share },
  };
}

/** Returns a function that applies commands of the admin API to this process. */
export function adminControl({ endpoints, gateway, canaries, usage, cache, reload }: AdminControlParts) {
  return async (command: AdminCommand): Promise<AdminReply> => {
    switch (command.kind) {
      case 'list_endpoints':
        return { kind: 'endpoints', endpoints: endpoints.list() };
      case 'endpoint': {
        const refusal = endpoints.act(command.action);
        return refusal === undefined ? { kind: 'applied' } : { kind: 'refused', refusal };
      }
      case 'reload':
        await reload();
        return { kind: 'applied' };
      case 'cache_report':
        return cache ? { kind: 'cache', report: cache.store.report(MOST_LISTED) } : NO_CACHE;
      case 'invalidate':
        return cache ? invalidate(cache, command.requests) : NO_CACHE;
      case 'usage':
        return usage ? { kind: 'usage', report: await usage.report() } : NO_USAGE;
      case 'schema':
        return schemaOf(gateway);
      case 'canary_status':
        return { kind: 'canary', canary: { running: gateway.canary()?.status, last: canaries.last } };
      case 'end_canary':
        return (await endCanary(gateway, command)) ? { kind: 'applied' } : NO_CANARY;
    }
  };
}
