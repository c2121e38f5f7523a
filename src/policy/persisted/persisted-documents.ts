import { stripIgnoredCharacters } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { ApqConfig, PersistedQueriesConfig } from '../../config/sections/persisted-queries.ts';
import { GatewayError } from '../../shared/gateway-error.ts';
import type { CountRefusal } from '../../telemetry/instruments.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { documentHash, type Manifest } from './manifests.ts';
import type { RegisteredDocuments } from './registered-documents.ts';

/** How a request names its document. */
export interface NamedDocument {
  readonly query: string | undefined;
  /** `documentId` or `id`, or what stands in the path. */
  readonly id: string | undefined;
  /** `extensions.persistedQuery.sha256Hash` */
  readonly hash: string | undefined;
}

export interface PersistedDocuments {
  /**
   * The text of the query to run. Throws, or rejects with, `GatewayError`.
   * @returns `undefined` where the request names nothing
   */
  resolve(named: NamedDocument): string | undefined | Promise<string | undefined>;
  /** Whether a request that sends its text, and no more, needs no look. */
  readonly plainPasses: boolean;
  /** Whether the id may stand in the path: `/graphql/ID`. */
  readonly namedByPath: boolean;
  /** Takes another manifest from now on. */
  replace(manifest: Manifest): void;
}

export interface PersistedDocumentsOptions {
  readonly config: PersistedQueriesConfig;
  readonly apq: ApqConfig;
  readonly manifest: Manifest;
  readonly registered: RegisteredDocuments;
  /** Whether a document parses and fits the schema: no other is registered. */
  readonly isValid: (query: string) => boolean;
  readonly logger: Logger;
  /** Told of each text that is not in the list, where that is looked at. */
  readonly refused?: CountRefusal | undefined;
}

const SHA256 = /^[0-9a-f]{64}$/;

/** Characters of the texts whose place in the list is remembered: clients may send as many and as long ones as they like. */
const CHARACTERS_KNOWN = 4_000_000;

export function createPersistedDocuments(options: PersistedDocumentsOptions): PersistedDocuments {
  const { config, apq, registered, logger, refused } = options;
  const { safelist } = config;
  const registers = apq.enabled && !safelist.enabled;
  let list = new ListedDocuments(options.manifest);

  /** A text as such: listed or not. */
  function plain(query: string): string {
    if (!config.enabled || list.has(query)) return query;
    if (config.log_unknown) logger.warn({ query }, 'an operation that is not in persisted_queries.manifest');
    refused?.('persisted_queries', 'not_in_list', safelist.enabled ? 'enforce' : 'measure');
    if (!safelist.enabled) return query;
    throw notInList();
  }

  function byHash(hash: string, query: string | undefined): string | Promise<string> {
    if (query !== undefined) {
      checkHash(hash, query);
      if (safelist.require_id) {
        refused?.('persisted_queries', 'not_in_list');
        throw notInList();
      }
      const allowed = plain(query);
      if (registers && Buffer.byteLength(query) <= apq.max_document_bytes && options.isValid(query))
        registered.set(hash, query);
      return allowed;
    }
    if (!registers) throw config.enabled ? notFound() : notSupported();
    const known = registered.get(hash);
    if (known instanceof Promise) return known.then((text) => text ?? Promise.reject(notFound()));
    if (known === undefined) throw notFound();
    return known;
  }

  return {
    plainPasses: !safelist.enabled && !(config.enabled && config.log_unknown),
    namedByPath: config.enabled,
    replace(manifest) {
      list = new ListedDocuments(manifest);
    },
    resolve({ query, id, hash }) {
      const name = id === undefined ? hash : withoutAlgorithm(id);
      const listed = config.enabled && name !== undefined ? list.get(name) : undefined;
      if (listed !== undefined) {
        if (query !== undefined && hash !== undefined) checkHash(hash, query);
        return listed;
      }
      if (hash !== undefined) return byHash(hash.toLowerCase(), query);
      if (query === undefined) {
        if (name === undefined) return undefined;
        return SHA256.test(name)
          ? byHash(name, undefined)
          : Promise.reject(config.enabled ? notFound() : notSupported());
      }
      if (safelist.require_id) {
        refused?.('persisted_queries', 'no_id');
        const message = 'Operations have to be named by their id here; the text of a query is not taken.';
        throw refusedDocument(400, 'PERSISTED_QUERY_ID_REQUIRED', message);
      }
      return plain(query);
    },
  };
}

/** `sha256:…` is how GraphQL over HTTP writes ids that are hashes. */
function withoutAlgorithm(id: string): string {
  return id.startsWith('sha256:') ? id.slice('sha256:'.length) : id;
}

function checkHash(hash: string, query: string): void {
  if (documentHash(query) === hash.toLowerCase()) return;
  throw refusedDocument(400, 'BAD_REQUEST', 'The hash in "persistedQuery" is not that of the query sent with it.');
}

/** Clients that know the protocol go by the code, or by this very message. */
const notFound = () => refusedDocument(200, 'PERSISTED_QUERY_NOT_FOUND', 'PersistedQueryNotFound');
const notInList = () =>
  refusedDocument(400, 'PERSISTED_QUERY_NOT_IN_LIST', 'This operation is not in the list of known ones.');
const notSupported = () => refusedDocument(200, 'PERSISTED_QUERY_NOT_SUPPORTED', 'PersistedQueryNotSupported');

/** The operations of a manifest, by id and by text. */
class ListedDocuments {
  private readonly manifest: Manifest;
  private readonly texts: ReadonlySet<string>;
  private readonly known = new LRUCache<string, boolean>({
    maxSize: CHARACTERS_KNOWN,
    sizeCalculation: (_, query) => query.length + 100,
  });

  constructor(manifest: Manifest) {
    this.manifest = manifest;
    this.texts = new Set([...manifest.values()].map(normalised));
  }

  get(id: string): string | undefined {
    return this.manifest.get(id);
  }

  /** However it is spaced and commented. */
  has(query: string): boolean {
    let listed = this.known.get(query);
    if (listed === undefined) {
      listed = this.texts.has(normalised(query));
      this.known.set(query, listed);
    }
    return listed;
  }
}

function normalised(query: string): string {
  try {
    return stripIgnoredCharacters(query);
  } catch {
    // what is no GraphQL is in no list
    return query;
  }
}

/** What is not known now may be known the next moment, so no cache keeps it. */
function refusedDocument(status: number, code: string, message: string): GatewayError {
  return new GatewayError(status, code, message, { headers: { 'cache-control': 'no-store' } });
}
