import type { DocumentNode } from 'graphql';
import { ClientPlaces } from '../client/client-places.ts';
import { inFlightKey } from '../client/dependency-keys.ts';
import { withReads } from '../client/depends-on.ts';
import type { ClientInfo } from '../client/identity.ts';
import { forbidsSharing } from '../client/sharing.ts';
import type { AdmissionControl } from '../policy/admission/admission.ts';
import { ClientDisconnected } from '../shared/client-disconnected.ts';
import { stringifyJson } from '../shared/exact-json.ts';
import { GatewayError } from '../shared/gateway-error.ts';
import { ShuttingDownError, SUBSCRIBE_ELSEWHERE } from '../shared/shutting-down-error.ts';
import { Cancellation } from '../sources/cancellation.ts';
import type { ClientContext } from '../sources/source.ts';
import { type CredentialCheckOptions, CredentialChecks } from './credential-checks.ts';
import { chooseOperation } from './documents.ts';
import type { Engine, EngineRequest, ResumeAfter } from './engine.ts';
import type { SingleResult } from './execution-result.ts';
import type { GraphqlCall, OperationContext } from './operation-context.ts';
import { resumeAfter } from './resume-after.ts';
import { ResumedSubscriptions } from './resumed-subscriptions.ts';
import { type OnInternalError, SharedSubscription } from './shared-subscription.ts';
import { type EndReason, Subscriber } from './subscriber.ts';
import type { UpstreamSettings } from './upstream-events.ts';

/** Settings of subscriptions (`subscription`). */
export interface SubscriptionSettings extends UpstreamSettings {
  /** The most open subscriptions of this process. */
  readonly maxOpened: number | undefined;
  /** The most open subscriptions of one user, or of one address where the client is anonymous. */
  readonly maxOpenedPerClient: number | undefined;
  /** Whether identical subscriptions share one execution. */
  readonly deduplicates: boolean;
  /** How often credentials of running subscriptions are checked again, in milliseconds. */
  readonly credentialCheckMs: number;
  /** In how much time all subscriptions end when the gateway stops, in milliseconds. */
  readonly drainMs: number;
}

export interface SubscriptionRunnerOptions {
  /** Returns the engine for a client; `undefined` while no schema is loaded. */
  readonly engine: (client?: ClientInfo) => Engine | undefined;
  readonly settings: SubscriptionSettings;
  readonly onOpened?: ((isShared: boolean) => void) | undefined;
  readonly onEnded?: ((reason: EndReason) => void) | undefined;
  /** Called when credentials could not be checked again; their subscriptions go on. */
  readonly onUndecided?: CredentialCheckOptions['onUndecided'];
  /** Called with each internal error that ends subscriptions. */
  readonly onInternalError?: OnInternalError | undefined;
}

/** What differs between the routes of GraphQL. */
export interface SubscriptionRoute<Context> {
  readonly contract?: string | undefined;
  readonly countRequest?: ((context: Context) => undefined | Promise<void>) | undefined;
  /** Refuses operations while the gateway is overloaded. */
  readonly admission?: AdmissionControl | undefined;
  /** Whether the failure of a whole fetch is reported at each place where data is missing. */
  readonly reportEveryPlace?: boolean | undefined;
}

/** Runs the subscriptions of all clients. */
export class SubscriptionRunner {
  readonly #options: SubscriptionRunnerOptions;
  readonly #shared = new Map<string, SharedSubscription>();
  readonly #resumed = new ResumedSubscriptions(this.#shared);
  readonly #open = new Set<Subscriber>();
  readonly #places: ClientPlaces;
  readonly #checks: CredentialChecks;
  #isDraining = false;

  constructor(options: SubscriptionRunnerOptions) {
    this.#options = options;
    const { maxOpened: max, maxOpenedPerClient: maxPerClient, credentialCheckMs } = options.settings;
    this.#places = new ClientPlaces({ max, maxPerClient });
    this.#checks = new CredentialChecks({ intervalMs: credentialCheckMs, onUndecided: options.onUndecided });
  }

  /** How many subscriptions are open. */
  get openCount(): number {
    return this.#open.size;
  }

  /** Returns whether a call is a subscription, as far as its document can be read. */
  isSubscription(context: OperationContext, { params }: GraphqlCall, contract: string | undefined): boolean {
    const { query, operationName } = params;
    // a document without the word needs no parsing
    if (!query.includes('subscription')) return false;
    const document = this.#options.engine(context.client)?.readDocument?.({ query, contract });
    if (document === undefined || 'refusal' in document) return false;
    return isSubscription(document.document, operationName);
  }

  /**
   * Starts a subscription. Resolves with its subscriber, or with the result of one that does not start. Rejects with `GatewayError` 503
   * without a schema, and with `SUBSCRIPTION_LIMIT_EXCEEDED` where too many are open.
   */
  async subscribe<Context extends OperationContext>(
    context: Context,
    call: GraphqlCall,
    route: SubscriptionRoute<Context>,
  ): Promise<Subscriber | SingleResult> {
    if (context.isClosed) throw new ClientDisconnected();
    const engine = this.#options.engine(context.client);
    if (!engine || this.#isDraining)
      throw engine === undefined ? noSchema() : new ShuttingDownError(SUBSCRIBE_ELSEWHERE);
    const place = route.admission?.enter(context.client, () => false);
    try {
      return await this.#reserveAndJoin(engine, context, call, route);
    } finally {
      place?.leave();
    }
  }

  async #reserveAndJoin<Context extends OperationContext>(
    engine: Engine,
    context: Context,
    call: GraphqlCall,
    route: SubscriptionRoute<Context>,
  ): Promise<Subscriber | SingleResult> {
    // counted before anything is awaited
    const release = this.#reserve(context.client);
    try {
      await route.countRequest?.(context);
      return await this.#join(engine, context, call, route, release);
    } catch (error) {
      release();
      throw error;
    }
  }

  async #join<Context extends OperationContext>(
    engine: Engine,
    context: Context,
    call: GraphqlCall,
    { contract, countRequest, reportEveryPlace = false }: SubscriptionRoute<Context>,
    release: () => void,
  ): Promise<Subscriber | SingleResult> {
    const { params } = call;
    const { settings } = this.#options;
    const resume = resumeAfter(context, call);
    const key = this.#sharingKey(engine, context, call, { contract, reportEveryPlace });
    // what comes after a cursor is for this client
    const known = key === undefined || resume ? undefined : this.#shared.get(key);
    const isShared = known !== undefined && known.engine === engine && !known.hasEnded;
    const rateLimitChecked = countRequest !== undefined || context.client.rateLimitChecked === true;
    const parts = { params, contract, rateLimitChecked, resume, reportEveryPlace };
    const shared = isShared ? known : this.#start(key, engine, context, parts);
    const subscriber: Subscriber = new Subscriber({
      // member by member: an object that is copied from another has a hidden class of its own
      queueCapacity: settings.queueCapacity,
      overflow: settings.overflow,
      queued: settings.queued,
      onDropped: settings.onDropped,
      onRenewed: (renewal) => {
        if (typeof renewal === 'string') return shared.renewAccessToken(renewal);
        this.#checks.set(subscriber, renewal.check);
        shared.renew(renewal);
      },
      onEnd: (_, reason) => {
        release();
        this.#checks.delete(subscriber);
        shared.remove(subscriber);
        if (this.#open.delete(subscriber)) this.#options.onEnded?.(reason);
      },
    });
    shared.add(subscriber);
    context.onAbort = () => void subscriber.return();
    const refused = await shared.started;
    if (refused) {
      await subscriber.return();
      return refused;
    }
    const { operation, headers } = shared.result;
    subscriber.operation = operation;
    // they count the requests of the client that started it
    if (!isShared) subscriber.headers = headers;
    this.#opened(subscriber, context, isShared);
    return subscriber;
  }

  #opened(subscriber: Subscriber, context: OperationContext, isShared: boolean): void {
    if (subscriber.hasEnded) return;
    this.#open.add(subscriber);
    this.#options.onOpened?.(isShared);
    subscriber.authorizeFor(context.client.identity);
    if (!subscriber.hasEnded) this.#checks.set(subscriber, context.credentialCheck?.());
    if (this.#isDraining) subscriber.interrupt();
  }

  /** Ends the subscriptions of a login session that has ended. */
  endSession(id: string): void {
    this.#checks.endSession(id);
  }

  /** Checks the credentials of all subscriptions now, such as after keys were reloaded. */
  checkCredentials(): void {
    void this.#checks.checkNow();
  }

  /** Ends all subscriptions, at random moments of the time for it, so that clients do not all connect elsewhere at once. */
  drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    for (const subscriber of this.#open) {
      const wait = Math.random() * this.#options.settings.drainMs;
      setTimeout(() => subscriber.interrupt(), wait).unref();
    }
  }

  #sharingKey(
    engine: Engine,
    context: OperationContext,
    { params }: GraphqlCall,
    { contract, reportEveryPlace }: Pick<StartParts, 'contract' | 'reportEveryPlace'>,
  ): string | undefined {
    const { query, operationName, variables } = params;
    const { deduplicates } = this.#options.settings;
    if (!deduplicates || context.debug !== undefined || context.reads.isUndeclared) return undefined;
    if (forbidsSharing(context.requestHeaders)) return undefined;
    const document = engine.readDocument?.({ query, contract });
    // a policy has to see each request for it
    if (document === undefined || 'refusal' in document || document.countsRequests) return undefined;
    const dependsOn = engine.dependsOn({ query, operationName, variables, contract, document });
    const requester = { clientInfo: context.client, headers: context.requestHeaders };
    const key = inFlightKey(requester, withReads(dependsOn, context.reads));
    if (key === undefined) return undefined;
    const prefix = `${engine.isCanary ? 'canary ' : ''}${reportEveryPlace ? 'every place ' : ''}${contract ?? ''} ${operationName ?? ''}`;
    return `${prefix} ${key}\n${stringifyJson(variables ?? {})}\n${query}`;
  }

  #start(
    key: string | undefined,
    engine: Engine,
    context: OperationContext,
    { params, contract, rateLimitChecked, resume, reportEveryPlace }: Pick<GraphqlCall, 'params'> & StartParts,
  ): SharedSubscription {
    const cancellation = new Cancellation();
    const client = clientContext(context, cancellation, rateLimitChecked);
    const { query, operationName, variables } = params;
    const request: EngineRequest = { query, operationName, variables, client, contract, reportEveryPlace };
    const { client: clientInfo } = context;
    const shared: SharedSubscription = new SharedSubscription(engine, {
      request,
      cancellation,
      settings: this.#options.settings,
      resume,
      engine: () => this.#options.engine(clientInfo),
      onInternalError: this.#options.onInternalError,
      onDelivered: key === undefined ? undefined : () => this.#resumed.delivered(key, shared),
      onEnd: () => {
        if (key === undefined) return;
        if (this.#shared.get(key) === shared) this.#shared.delete(key);
        this.#resumed.delete(key, shared);
      },
    });
    if (key === undefined) return shared;
    if (resume) this.#resumed.add(key, shared);
    else this.#shared.set(key, shared);
    return shared;
  }

  /** Counts a subscription. Throws `GatewayError` where there are too many. Returns a function that gives its place back. */
  #reserve(client: ClientInfo): () => void {
    const release = this.#places.enter(client);
    if (typeof release === 'string') throw tooMany(release === 'process');
    return release;
  }
}

interface StartParts {
  readonly contract: string | undefined;
  readonly rateLimitChecked: boolean;
  readonly resume: ResumeAfter | undefined;
  readonly reportEveryPlace: boolean;
}

function isSubscription(document: DocumentNode, operationName: string | null | undefined): boolean {
  const operation = chooseOperation(document, operationName);
  return 'kind' in operation && operation.operation === 'subscription';
}

function clientContext(
  { requestHeaders: headers, requestId, client, plugins, trace, debug }: OperationContext,
  signal: Cancellation,
  rateLimitChecked: boolean,
): ClientContext {
  const { ip, identity } = client;
  return { requestId, headers: { ...headers }, signal, ip, identity, rateLimitChecked, plugins, trace, debug };
}

function noSchema(): GatewayError {
  return new GatewayError(503, 'SERVICE_UNAVAILABLE', 'No schema loaded yet.');
}

function tooMany(inAll: boolean): GatewayError {
  const [what, key] = inAll
    ? ['The gateway has', 'max_opened_subscriptions']
    : ['This client has', 'max_opened_subscriptions_per_client'];
  const message = `${what} as many open subscriptions as subscription.${key} allows. Try again later.`;
  return new GatewayError(inAll ? 503 : 429, 'SUBSCRIPTION_LIMIT_EXCEEDED', message);
}
