import { stripIgnoredCharacters } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { ApqConfig, PersistedQueriesConfig } from '../../config/sections/persisted-queries.ts';
import { GatewayError } from '../../shared/gateway-error.ts';
import type { CountRefusal } from '../../telemetry/instruments.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { documentHash, type Manifest } from './manifests.ts';
import type { RegisteredDocuments } from './registered-documents.ts';

/** The ways in which a request names its document. */
export interface NamedDocument {
  readonly query: string | undefined;
  /** `documentId`, `id`, or the id in the path. */
  readonly id: string | undefined;
  /** `extensions.persistedQuery.sha256Hash` */
  readonly hash: string | undefined;
}

export interface PersistedDocuments {
  /**
   * Returns the text of the document to execute. Throws, or rejects with, `GatewayError`.
   * @returns `undefined` when the request names no document
   */
  resolve(named: NamedDocument): string | undefined | Promise<string | undefined>;
  /** Whether a request with only a document's text can skip `resolve`. */
  readonly acceptsPlainText: boolean;
  /** Whether the path may have the id: `/graphql/ID`. */
  readonly acceptsIdInPath: boolean;
  /** What identifies the manifest in all processes: its ids and texts. A response that was cached with another one may not be allowed any more. */
  readonly revision: string;
  /** Replaces the manifest. */
  replace(manifest: Manifest): void;
}

export interface PersistedDocumentsOptions {
  readonly config: PersistedQueriesConfig;
  readonly apq: ApqConfig;
  readonly manifest: Manifest;
  readonly registered: RegisteredDocuments;
  /** Whether a document parses and fits the schema. Only valid documents are registered. */
  readonly isValid: (query: string) => boolean;
  readonly logger: Logger;
  /** Called for each text that is not in the manifest, if that is checked. */
  readonly refused?: CountRefusal | undefined;
}

const SHA256 = /^[0-9a-f]{64}$/;

/** Size in characters of the cache of checked texts, since clients may send any number of long texts. */
const MOST_CACHED_CHARACTERS = 4_000_000;

export function createPersistedDocuments(options: PersistedDocumentsOptions): PersistedDocuments {
  return new ManifestAndRegistered(options);
}

/** The documents of the manifest, and those that clients have registered (automatic persisted queries). */
class ManifestAndRegistered implements PersistedDocuments {
  readonly acceptsPlainText: boolean;
  readonly acceptsIdInPath: boolean;
  readonly #options: PersistedDocumentsOptions;
  readonly #registers: boolean;
  #list: ListedDocuments;

  constructor(options: PersistedDocumentsOptions) {
    const { config, apq, manifest } = options;
    this.acceptsPlainText = !config.safelist.enabled && !(config.enabled && config.log_unknown);
    this.acceptsIdInPath = config.enabled;
    this.#options = options;
    this.#registers = apq.enabled && !config.safelist.enabled;
    this.#list = new ListedDocuments(manifest);
  }

  replace(manifest: Manifest): void {
    this.#list = new ListedDocuments(manifest);
  }

  get revision(): string {
    return this.#list.revision;
  }

  resolve({ query, id, hash }: NamedDocument): string | undefined | Promise<string | undefined> {
    const { config } = this.#options;
    const name = id === undefined ? hash : withoutAlgorithm(id);
    const listed = config.enabled && name !== undefined ? this.#list.get(name) : undefined;
    if (listed !== undefined) {
      if (query !== undefined && hash !== undefined) checkHash(hash, query);
      return listed;
    }
    if (hash !== undefined) {
      return query === undefined ? this.#registered(hash.toLowerCase()) : this.#register(hash.toLowerCase(), query);
    }
    if (query !== undefined) return this.#textWithoutId(query);
    if (name === undefined) return undefined;
    return SHA256.test(name) ? this.#registered(name) : Promise.reject(this.#unknown());
  }

  /** Returns the document that a client has registered under a hash. */
  #registered(hash: string): string | Promise<string> {
    if (!this.#registers) throw this.#unknown();
    const known = this.#options.registered.get(hash);
    if (known instanceof Promise) return known.then((text) => text ?? Promise.reject(notFound()));
    if (known === undefined) throw notFound();
    return known;
  }

  /** Checks a text that is sent with its hash, and registers it. */
  #register(hash: string, query: string): string {
    const { config, apq, registered, refused, isValid } = this.#options;
    checkHash(hash, query);
    if (config.safelist.require_id) {
      refused?.('persisted_queries', 'not_in_list');
      throw notInList();
    }
    const allowed = this.#checkText(query);
    if (this.#registers && Buffer.byteLength(query) <= apq.max_document_bytes && isValid(query))
      registered.set(hash, query);
    return allowed;
  }

  #textWithoutId(query: string): string {
    const { config, refused } = this.#options;
    if (!config.safelist.require_id) return this.#checkText(query);
    refused?.('persisted_queries', 'no_id');
    const message = 'Send the id of a persisted operation; the text of an operation is not accepted here.';
    throw refusedDocument(400, 'PERSISTED_QUERY_ID_REQUIRED', message);
  }

  /** Checks a text that is sent as such against the manifest. */
  #checkText(query: string): string {
    const { config, logger, refused } = this.#options;
    const isEnforced = config.safelist.enabled;
    if (!config.enabled || this.#list.has(query)) return query;
    if (config.log_unknown) logger.warn({ query }, 'operation not in persisted_queries.manifest');
    refused?.('persisted_queries', 'not_in_list', isEnforced ? 'enforce' : 'measure');
    if (!isEnforced) return query;
    throw notInList();
  }

  #unknown(): GatewayError {
    return this.#options.config.enabled ? notFound() : notSupported();
  }
}

/** Removes `sha256:`, which GraphQL over HTTP writes before ids that are hashes. */
function withoutAlgorithm(id: string): string {
  return id.startsWith('sha256:') ? id.slice('sha256:'.length) : id;
}

function checkHash(hash: string, query: string): void {
  if (documentHash(query) === hash.toLowerCase()) return;
  throw refusedDocument(400, 'BAD_REQUEST', 'The hash in "persistedQuery" does not match the query sent with it.');
}

/** Clients of the protocol look at the code, or at exactly this message. */
const notFound = () => refusedDocument(200, 'PERSISTED_QUERY_NOT_FOUND', 'PersistedQueryNotFound');
const notInList = () =>
  refusedDocument(400, 'PERSISTED_QUERY_NOT_IN_LIST', 'This operation is not in the list of persisted operations.');
const notSupported = () => refusedDocument(200, 'PERSISTED_QUERY_NOT_SUPPORTED', 'PersistedQueryNotSupported');

/** The operations of a manifest, by id and by text. */
class ListedDocuments {
  private readonly manifest: Manifest;
  private digest: string | undefined;
  private readonly texts: ReadonlySet<string>;
  private readonly cache = new LRUCache<string, boolean>({
    maxSize: MOST_CACHED_CHARACTERS,
    sizeCalculation: (_, query) => query.length + 100,
  });

  constructor(manifest: Manifest) {
    this.manifest = manifest;
    this.texts = new Set([...manifest.values()].map(normalised));
  }

  get(id: string): string | undefined {
    return this.manifest.get(id);
  }

  get revision(): string {
    this.digest ??= documentHash(JSON.stringify([...this.manifest]));
    return this.digest;
  }

  /** Whether a text is in the manifest, whatever its whitespace and comments. */
  has(query: string): boolean {
    let listed = this.cache.get(query);
    if (listed === undefined) {
      listed = this.texts.has(normalised(query));
      this.cache.set(query, listed);
    }
    return listed;
  }
}

function normalised(query: string): string {
  try {
    return stripIgnoredCharacters(query);
  } catch {
    // invalid GraphQL is in no manifest
    return query;
  }
}

/** Returns an error that must not be cached, since the document may be registered the next moment. */
function refusedDocument(status: number, code: string, message: string): GatewayError {
  return new GatewayError(status, code, message, { headers: { 'cache-control': 'no-store' } });
}
