import { type DependsOn, reads, withReads } from '../client/depends-on.ts';
import type { ClientInfo } from '../client/identity.ts';
import type { CanarySettings } from '../config/sections/canary.ts';
import type { Engine, EngineRequest } from '../pipeline/engine.ts';
import { keyPart } from '../policy/rate-limits/keys.ts';
import { hash32 } from '../traffic/choose-endpoint.ts';
import { type CanaryCounts, CanaryMonitor } from './canary-monitor.ts';
import type { Generation } from './generation.ts';
import { supergraphId } from './supergraph-id.ts';

/** A canary as operators see it. */
export interface CanaryStatus extends CanaryCounts {
  /** The digest of the supergraph. */
  readonly id: string;
  readonly share: number;
  /** Milliseconds since it began. */
  readonly age_ms: number;
}

export interface CanaryParts {
  readonly generation: Generation;
  readonly settings: CanarySettings;
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number;
}

const clientKey = keyPart('client');

/** A new supergraph that serves a share of the clients, before it replaces the current one. */
export class Canary {
  readonly id: string;
  readonly generation: Generation;
  /** The engine for its clients. */
  readonly engine: Engine;
  readonly monitor: CanaryMonitor;
  readonly #settings: CanarySettings;
  readonly #now: () => number;
  readonly #startedAt: number;

  constructor({ generation, settings, now }: CanaryParts) {
    this.id = supergraphId(generation.supergraph.sdl);
    this.generation = generation;
    this.engine = new CanaryEngine(generation);
    this.monitor = new CanaryMonitor(settings, now);
    this.#settings = settings;
    this.#now = now;
    this.#startedAt = now();
  }

  /**
   * Whether it serves a client: the owner of the API key, else the subject of the token, else the address, as in rate limits. All processes
   * decide alike. The id takes part, so that different clients get the next canary.
   */
  serves(client: ClientInfo): boolean {
    const key = clientKey({ ...client, headers: {} }, undefined);
    return hash32(this.id, key) / 2 ** 32 < this.#settings.share;
  }

  get status(): CanaryStatus {
    const { id } = this;
    const { share } = this.#settings;
    return { id, share, age_ms: Math.round(this.#now() - this.#startedAt), ...this.monitor.counts };
  }
}

/** Responses of a canary are for its clients: shared caches outside must not keep them for others. */
const FOR_ITS_CLIENTS = reads({ isGuarded: true });

/** The engine of a canary. What it returns is private to the client; all else is the generation's. */
class CanaryEngine implements Engine {
  readonly isCanary = true;
  readonly #generation: Generation;

  constructor(generation: Generation) {
    this.#generation = generation;
  }

  get supergraph() {
    return this.#generation.supergraph;
  }

  get publicSchema() {
    return this.#generation.publicSchema;
  }

  schemaOf(contract: string | undefined) {
    return this.#generation.schemaOf(contract);
  }

  canDedupe(request: Parameters<Engine['canDedupe']>[0]): boolean {
    return this.#generation.canDedupe(request);
  }

  readDocument(request: Parameters<NonNullable<Engine['readDocument']>>[0]) {
    return this.#generation.readDocument(request);
  }

  isValid(request: Parameters<NonNullable<Engine['isValid']>>[0]): boolean {
    return this.#generation.isValid(request);
  }

  dependsOn(request: Parameters<Engine['dependsOn']>[0]): DependsOn {
    return withReads(this.#generation.dependsOn(request), FOR_ITS_CLIENTS);
  }

  dependsOnOncePlanned(request: Parameters<Engine['dependsOnOncePlanned']>[0]): DependsOn | Promise<DependsOn> {
    const record = this.#generation.dependsOnOncePlanned(request);
    const ours = (one: DependsOn) => withReads(one, FOR_ITS_CLIENTS);
    return record instanceof Promise ? record.then(ours) : ours(record);
  }

  prepare(query: string, options: { readonly cache: boolean }): void {
    this.#generation.prepare(query, options);
  }

  recentQueries(max: number): string[] {
    return this.#generation.recentQueries(max);
  }

  countFailure(): void {
    this.#generation.countFailure();
  }

  async execute(request: EngineRequest) {
    const result = await this.#generation.execute(request);
    const { dependsOn } = result;
    return dependsOn === undefined ? result : result.with({ dependsOn: withReads(dependsOn, FOR_ITS_CLIENTS) });
  }

  stream(request: EngineRequest) {
    return this.#generation.stream(request);
  }

  subscribe(request: EngineRequest) {
    return this.#generation.subscribe(request);
  }

  onRetire(listener: () => void) {
    return this.#generation.onRetire(listener);
  }
}
