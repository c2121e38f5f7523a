import type { IncomingHttpHeaders } from 'node:http';
import { type DocumentNode, type GraphQLSchema, getOperationAST, type OperationDefinitionNode, parse } from 'graphql';
import type { Endpoint } from '../bff/endpoints/endpoints.ts';
import { namedClient } from '../client/client-name.ts';
import type { Config } from '../config/config.ts';
import type { OperationLabel, UseCounter } from '../shared/request-notes.ts';
import type { SharedRedis } from '../store/redis.ts';
import type { Logger } from '../telemetry/logger.ts';
import { memoryUsage } from '../usage/memory-usage.ts';
import { redisUsage } from '../usage/redis-usage.ts';
import { UsageRecorder } from '../usage/usage-recorder.ts';
import type { UsageReport, UsageStore } from '../usage/usage-report.ts';
import { usedCoordinates } from '../usage/used-coordinates.ts';

/** What counts the usage of the schema, and reads the counts. */
export interface OpenUsage {
  /** Returns the counter of a new operation. */
  useOf(document: DocumentNode, operation: OperationDefinitionNode, schema: GraphQLSchema): UseCounter;
  /** Counts a request of a client. */
  countUse(operation: OperationLabel, headers: IncomingHttpHeaders): void;
  /** Counts a request to an endpoint. */
  countEndpoint(endpoint: Endpoint, schema: GraphQLSchema): void;
  /** Stores what this process has counted, and returns the counts of all processes that share the store. */
  report(): Promise<UsageReport>;
  close(): Promise<void>;
}

export interface UsageParts {
  readonly logger: Logger;
  readonly redis: SharedRedis | undefined;
  /** The store in the primary process, with several workers. */
  readonly shared?: UsageStore | undefined;
}

/** Opens the counts of `usage`. Its code is loaded only where they are on. */
export function openUsage(
  { usage, telemetry }: Pick<Config, 'usage' | 'telemetry'>,
  { logger, redis, shared }: UsageParts,
): OpenUsage {
  const { retention: retentionMs, max_entries: maxEntries, flush_interval: flushMs } = usage;
  const bounds = { retentionMs, maxEntries };
  const store = usage.store === 'redis' && redis ? redisUsage(redis, bounds) : (shared ?? memoryUsage(bounds));
  const recorder = new UsageRecorder({
    ...{ store, flushMs, maxEntries },
    onLost: (combinations) =>
      logger.warn(
        { combinations, setting: 'usage.max_entries' },
        'more operations and clients than usage.max_entries between two flushes; some were not counted',
      ),
    onError: (err) => logger.warn({ err }, 'usage counts could not be stored; the next flush tries again'),
  });
  const { client_awareness: names } = telemetry;
  const ofEndpoints = new WeakMap<Endpoint, UseCounter>();
  return {
    useOf: (document, operation, schema) =>
      recorder.counterOf({ name: operation.name?.value, type: operation.operation }, () =>
        unlessEmpty(usedCoordinates(schema, document, operation)),
      ),
    countUse({ use }, headers) {
      if (use === undefined) return;
      const { name, version } = namedClient(headers, names);
      use.count(name, version);
    },
    countEndpoint(endpoint, schema) {
      let use = ofEndpoints.get(endpoint);
      if (use === undefined) {
        use = recorder.counterOf(endpoint.label, () => coordinatesOfEndpoint(endpoint, schema));
        ofEndpoints.set(endpoint, use);
      }
      use.count(`bff/${endpoint.client}`, endpoint.version);
    },
    async report() {
      await recorder.flush();
      return store.read();
    },
    close: () => recorder.close(),
  };
}

function coordinatesOfEndpoint({ query }: Endpoint, schema: GraphQLSchema) {
  const document = parse(query);
  const operation = getOperationAST(document);
  return operation ? usedCoordinates(schema, document, operation) : undefined;
}

/** Leaves out operations that only introspect. */
function unlessEmpty(coordinates: ReturnType<typeof usedCoordinates>) {
  return coordinates.used.length > 0 ? coordinates : undefined;
}
