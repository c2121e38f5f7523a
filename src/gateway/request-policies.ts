import type { Config } from '../config/config.ts';
import { ConfigValueError } from '../config/config-value-error.ts';
import type { Engine } from '../pipeline/engine.ts';
import { isDocumentFile, readManifests } from '../policy/persisted/manifests.ts';
import { createPersistedDocuments, type PersistedDocuments } from '../policy/persisted/persisted-documents.ts';
import { type RemoteDocuments, registeredDocuments } from '../policy/persisted/registered-documents.ts';
import { createAddressFilter } from '../policy/requests/address-filter.ts';
import { createCors } from '../policy/requests/cors.ts';
import { createCsrfCheck } from '../policy/requests/csrf.ts';
import { securityHeaders } from '../policy/requests/security-headers.ts';
import { watchPath } from '../shared/watch-path.ts';
import type { SharedRedis } from '../store/redis.ts';
import type { Instruments } from '../telemetry/instruments.ts';
import { logPathEvents } from '../telemetry/log-path-events.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { GatewayHandlerOptions } from './gateway-handler.ts';

export interface RequestPolicyParts {
  readonly logger: Logger;
  readonly instruments?: Instruments | undefined;
  readonly redis: SharedRedis | undefined;
  /** Queries that clients have registered with other processes; used when there is no Redis. */
  readonly remoteDocuments?: RemoteDocuments | undefined;
  readonly engine: () => Engine | undefined;
  /** Returns the engine of the canary, if there is one. */
  readonly canary?: (() => Engine | undefined) | undefined;
  /** Reads manifests again when they change. */
  readonly dev: boolean;
  /** Called after manifests were read again. */
  readonly onManifests?: (() => void) | undefined;
}

type RequestPolicies = Pick<
  GatewayHandlerOptions,
  'maxUrlBytes' | 'responseHeaders' | 'cors' | 'addressFilter' | 'csrf' | 'documents' | 'maxBatch'
>;

/** Creates the policies that check requests before execution. Throws `ConfigValueError`. */
export async function openRequestPolicies(
  config: Config,
  parts: RequestPolicyParts,
): Promise<{ policies: RequestPolicies; reload(): void; close(): Promise<void> }> {
  const documents = openDocuments(config, parts);
  const { manifest } = config.persisted_queries;
  const watched = parts.dev && documents && manifest.length > 0;
  const watchers = watched ? await watchManifests(manifest, documents, parts) : [];
  return {
    policies: {
      maxUrlBytes: config.limits.http_max_url_bytes,
      responseHeaders: securityHeaders(config.security_headers, config.tls.supergraph !== undefined),
      cors: createCors(config.cors, parts.instruments?.refused),
      addressFilter: createAddressFilter(config.ip_lists),
      csrf: createCsrfCheck(config.csrf),
      documents,
      maxBatch: config.batching.enabled ? config.batching.maximum_size : undefined,
    },
    reload() {
      if (documents && manifest.length > 0) reload(documents, manifest, parts);
    },
    close: async () => {
      await Promise.all(watchers.map((watcher) => watcher.close()));
    },
  };
}

const EMPTY_SAFELIST =
  'the safelist is empty, so /graphql refuses every operation: name files or folders with documents in persisted_queries.manifest';

function openDocuments(
  config: Config,
  { logger, redis, remoteDocuments, instruments, engine, canary }: RequestPolicyParts,
): PersistedDocuments | undefined {
  const { persisted_queries, apq } = config;
  if (!persisted_queries.enabled && !apq.enabled) return undefined;
  const manifest = persisted_queries.enabled ? readManifests(persisted_queries.manifest) : new Map();
  if (persisted_queries.safelist.enabled && manifest.size === 0) logger.warn({}, EMPTY_SAFELIST);
  const registered = registeredDocuments(apq, redis, remoteDocuments);
  const isValid = (query: string) => {
    const fits = (one: Engine | undefined) => one !== undefined && (one.isValid?.({ query }) ?? true);
    return fits(engine()) || fits(canary?.());
  };
  return createPersistedDocuments({
    config: persisted_queries,
    apq,
    manifest,
    registered,
    isValid,
    logger,
    refused: instruments?.refused,
  });
}

function watchManifests(paths: readonly string[], documents: PersistedDocuments, parts: ReloadParts) {
  const { logger } = parts;
  const onChange = (exists: boolean) => exists && reload(documents, paths, parts);
  return Promise.all(
    paths.map((path) => watchPath({ path, counts: isDocumentFile, onChange, onEvent: logPathEvents(logger, path) })),
  );
}

type ReloadParts = Pick<RequestPolicyParts, 'logger' | 'instruments' | 'onManifests'>;

function reload(documents: PersistedDocuments, paths: readonly string[], parts: ReloadParts): void {
  const { logger, instruments, onManifests } = parts;
  try {
    documents.replace(readManifests(paths));
    instruments?.reloaded('documents', true);
    logger.info({}, 'persisted queries reloaded');
    onManifests?.();
  } catch (error) {
    if (!(error instanceof ConfigValueError)) throw error;
    instruments?.reloaded('documents', false);
    logger.error({ problem: error.message }, 'the manifest cannot be used; keeping the previous version');
  }
}
