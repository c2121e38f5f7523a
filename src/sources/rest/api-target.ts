import type { ApiSettings } from '../../config/sections/connectors.ts';
import type { ApiSource, Connector } from '../../connectors/connector.ts';
import type { Variables } from '../../connectors/mapping/scope.ts';
import { parseUrlTemplate, type UrlTemplate } from '../../connectors/url-template.ts';
import type { ByteBudget } from '../../shared/byte-budget.ts';
import type { Compression } from '../body-encoding.ts';
import type { PoolSettings } from '../http/http-pool.ts';
import type { HttpPools } from '../http/http-pools.ts';
import type { SignRequest } from '../http/signing/sign-request.ts';
import { type ApiLayer, createApiTransport, type SendApiRequest } from './api-transport.ts';
import type { ApiCache } from './cache/api-cache.ts';
import { Limiter } from './limiter.ts';
import { signApiCalls } from './sign-api-calls.ts';

/** An API that connectors call: one for each `@source`, and one for each origin of connectors with absolute URLs. */
export interface ApiTarget {
  readonly send: SendApiRequest;
  readonly origin: string;
  /** The base of the connector's URL. */
  readonly base: UrlTemplate;
  readonly limiter: Limiter;
  readonly compression: Compression;
  readonly settings: ApiSettings;
  /** `$config` and `$env`: the same for every call. */
  readonly constants: Variables;
  /** The cache of responses; `undefined` when they are not cached. */
  readonly cache: ApiCache | undefined;
  /** Counts the bytes of responses while they arrive. */
  readonly byteBudget: ByteBudget | undefined;
}

const NO_BASE: UrlTemplate = { origin: undefined, segments: [], query: [] };

export interface ApiTargetOptions {
  readonly subgraph: string;
  readonly pool?: PoolSettings | undefined;
  readonly pools: HttpPools;
  settingsOf(source: string | undefined): ApiSettings;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cache?: ApiCache | undefined;
  readonly compression: Compression;
  readonly byteBudget?: ByteBudget | undefined;
  /** Signs each try. Default: calls are not signed. */
  readonly sign?: SignRequest | undefined;
  /** Wraps each call. Default none. */
  readonly layer?: ApiLayer | undefined;
}

/** The APIs of one subgraph. Opens each of them once, for the first connector that calls it. */
export class ApiTargets {
  readonly #options: ApiTargetOptions;
  readonly #targets = new Map<string, ApiTarget>();

  constructor(options: ApiTargetOptions) {
    this.#options = options;
  }

  of({ source, url }: Connector): ApiTarget {
    const own = url.origin;
    const key = own === undefined ? (source?.name ?? '') : `${source?.name ?? ''} ${own}`;
    let target = this.#targets.get(key);
    if (target === undefined) {
      target = this.#open(source, own);
      this.#targets.set(key, target);
    }
    return target;
  }

  async close(): Promise<void> {
    const targets = [...this.#targets.values()];
    this.#targets.clear();
    const { pools, subgraph } = this.#options;
    await Promise.all(targets.map(({ origin }) => pools.release(subgraph, origin)));
  }

  #open(source: ApiSource | undefined, own: string | undefined): ApiTarget {
    const settings = this.#options.settingsOf(source?.name);
    const override = settings.overrideUrl === undefined ? undefined : parseUrlTemplate(settings.overrideUrl);
    const base = own === undefined ? (override ?? source?.baseUrl ?? NO_BASE) : NO_BASE;
    const origin = new URL(own ?? base.origin ?? '').origin;
    const { pools, subgraph, pool, sign } = this.#options;
    const bare = createApiTransport(pools.acquire(subgraph, origin, pool), origin);
    const transport = signApiCalls(bare, subgraph, origin, sign);
    return {
      send: this.#options.layer?.(transport, origin) ?? transport,
      origin,
      base,
      limiter: new Limiter(settings.maxConcurrent),
      compression: this.#options.compression,
      settings,
      constants: { $config: settings.config, $env: this.#options.env },
      cache: settings.isCached ? this.#options.cache : undefined,
      byteBudget: this.#options.byteBudget,
    };
  }
}
