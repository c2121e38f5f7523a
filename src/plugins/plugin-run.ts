import type { DocumentNode, GraphQLFormattedError } from 'graphql';
import type { Identity } from '../client/identity.ts';
import type { OperationSpans } from '../shared/trace.ts';
import {
  acceptEnd,
  acceptNothing,
  acceptOperationResult,
  acceptResponse,
  acceptResult,
  type CheckedOperationResult,
  type CheckedResponse,
  type CheckedResult,
  isRecord,
} from './accept.ts';
import {
  type Accept,
  callHooks,
  checkHeaders,
  describe,
  failed,
  type Handler,
  isStatus,
  isThenable,
  type Maybe,
} from './call-hooks.ts';
import type {
  FetchedResponse,
  HookName,
  OperationChange,
  OperationFacts,
  PlanFacts,
  PluginPayload,
  ResponseDraft,
  StageEnd,
} from './hooks.ts';
import { PluginRequest, type RequestFacts } from './plugin-request.ts';
import type { ComposedHooks, PluginSet } from './plugin-set.ts';

type Variables = Readonly<Record<string, unknown>>;

/** The text of an operation. */
export interface ParseFacts {
  readonly query: string;
  readonly operationName: string | undefined;
  readonly variables: Variables;
}

export interface ValidateFacts extends ParseFacts {
  readonly document: DocumentNode;
  readonly operation: OperationFacts;
}

export interface ExecuteFacts extends Omit<ValidateFacts, 'query' | 'operationName'> {
  readonly plan: PlanFacts;
}

export interface TryFacts {
  readonly subgraph: string;
  readonly operationType: OperationFacts['type'];
  readonly body: string;
  readonly headers: Headers;
}

export interface FetchFacts extends TryFacts {
  readonly url: string | undefined;
  forwardedHeaders(): Headers;
  removeForwarded(name: string): void;
  setBody(text: string): void;
  readonly fetchId: string;
}

export interface FetchResponseFacts extends Omit<TryFacts, 'headers'> {
  readonly status: number | undefined;
  readonly response: FetchedResponse;
  readonly failure: { readonly code: string; readonly message: string } | undefined;
  readonly durationMs: number;
  readonly fetchId: string;
}

export interface ResponseFacts {
  readonly response: ResponseDraft;
  readonly operation: OperationFacts | undefined;
  readonly errors: readonly GraphQLFormattedError[];
  readonly durationMs: number;
}

/**
 * The plugins of one request, with what they store for each other. Each method calls one hook, and throws or rejects with a
 * `GatewayError`. Check `hooks` first: a hook that nobody uses is `undefined` there, and its method does nothing.
 */
export class PluginRun {
  readonly hooks: ComposedHooks;
  /** Records the spans of its stages; `undefined` where the trace of the request is not recorded. */
  readonly spans: OperationSpans | undefined;
  readonly #set: PluginSet;
  readonly #ofRequest: PluginRun | undefined;
  #context: Map<string, unknown> | undefined;
  readonly #facts: RequestFacts;
  /** The request as each plugin sees it, by the plugin's place in the list. */
  #requests: PluginRequest[] | undefined;

  /** @param ofRequest the run of the whole request, for an operation of a batch */
  constructor(set: PluginSet, facts: RequestFacts, spans?: OperationSpans, ofRequest?: PluginRun) {
    this.#set = set;
    this.#facts = facts;
    this.hooks = spans ? set.observedHooks : set.hooks;
    this.spans = spans;
    this.#ofRequest = ofRequest;
    this.#requests = ofRequest?.requests;
  }

  /** Values that plugins store for later hooks. */
  get context(): Map<string, unknown> {
    if (this.#ofRequest) return this.#ofRequest.context;
    this.#context ??= new Map();
    return this.#context;
  }

  /** Returns the run for one operation of a batch. It differs only where spans are recorded. */
  forOperation(): PluginRun {
    if (this.spans === undefined) return this;
    return new PluginRun(this.#set, this.#facts, this.spans.startOperation(), this);
  }

  /** Whether there are plugins. Without any, a run records spans alone. */
  get hasPlugins(): boolean {
    return this.#set.plugins.length > 0;
  }

  /** Whether hooks may replace an operation, or a payload of its result. */
  get changesOperations(): boolean {
    const { onParse, onValidate, onPayload } = this.hooks;
    return onParse !== undefined || onValidate !== undefined || onPayload !== undefined;
  }

  /** Whether `onTry` may send something else for another client, so that no fetch is shared. */
  get separatesTries(): boolean {
    return this.#set.separatesTries;
  }

  onRequest(): Maybe<CheckedResponse | undefined> {
    return this.#call('onRequest', undefined, acceptResponse);
  }

  onAuthenticate(): Maybe<CheckedResponse | undefined> {
    const setIdentity = (identity: unknown) => this.#facts.setIdentity(checkedIdentity(identity));
    return this.#call('onAuthenticate', { setIdentity }, acceptResponse);
  }

  /** @param change called with the whole operation when a hook has replaced a part of it */
  onParse(facts: ParseFacts, change: (changed: ParseFacts) => void): Maybe<CheckedOperationResult | undefined> {
    let current = facts;
    const given = (handler: Handler) => {
      const setOperation = (replaced: OperationChange) => {
        if (this.#set.declared[handler.index] !== undefined) throw operationOfReader();
        current = { ...current, ...checkedChange(replaced) };
        change(current);
      };
      return this.#given(handler, { ...current, setOperation });
    };
    const { onParse } = this.hooks;
    return onParse && callHooks(onParse, given, acceptOperationResult, this.#facts.requestId);
  }

  onValidate(facts: ValidateFacts): Maybe<CheckedOperationResult | undefined> {
    return this.#call('onValidate', facts, acceptOperationResult);
  }

  onPlan(facts: ExecuteFacts): Maybe<CheckedOperationResult | undefined> {
    return this.#call('onPlan', facts, acceptOperationResult);
  }

  onExecute(facts: ExecuteFacts): Maybe<CheckedOperationResult | undefined> {
    return this.#call('onExecute', facts, acceptOperationResult);
  }

  onFetch(facts: FetchFacts): Maybe<CheckedResult | undefined> {
    return this.#call('onFetch', facts, withHeaders(facts.headers, acceptResult));
  }

  onTry(facts: TryFacts): Maybe<CheckedResult | undefined> {
    return this.#call('onTry', facts, withHeaders(facts.headers, acceptResult));
  }

  /** Calls `onTry` for a call of a REST API, whose response is no result of GraphQL, so that a hook cannot return it. */
  onApiTry(facts: TryFacts): Maybe<undefined> {
    return this.#call('onTry', facts, withHeaders<undefined>(facts.headers, acceptNothing));
  }

  onFetchResponse(facts: FetchResponseFacts): Maybe<CheckedResult | undefined> {
    return this.#call('onFetchResponse', facts, acceptResult);
  }

  /** @param check throws for what the payload must not have */
  onPayload(operation: OperationFacts | undefined, payload: PluginPayload, check: () => void): Maybe<undefined> {
    return this.#call('onPayload', { operation, payload }, (returned) => {
      acceptNothing(returned);
      check();
      return undefined;
    });
  }

  onResponse(facts: ResponseFacts): Maybe<CheckedResponse | undefined> {
    const { response } = facts;
    const { status } = response;
    return this.#call('onResponse', facts, (returned) => {
      checkHeaders(response.headers);
      if (isStatus(response.status)) return acceptResponse(returned);
      const wrong = describe(response.status);
      response.status = status;
      throw new TypeError(`it set the status of the response to ${wrong}; expected a number from 200 to 599`);
    });
  }

  /** Runs a stage, and reports its start and its end to the plugins that observe stages. */
  observe<T>(stage: string, work: () => T, subgraph?: string): T {
    // without plugins that observe stages, there is the span alone
    if (this.spans && this.hooks.onStage?.length === 0) return this.spans.observe(stage, work);
    const end = this.startStage(stage, subgraph);
    if (end === undefined) return work();
    let result: T;
    try {
      result = work();
    } catch (error) {
      end({ error });
      throw error;
    }
    if (result instanceof Promise) {
      result.then(
        () => end({}),
        (error: unknown) => end({ error }),
      );
    } else end({});
    return result;
  }

  /** Reports the start of a stage. Returns what reports its end; `undefined` where nobody observes it. Never throws. */
  startStage(stage: string, subgraph?: string): ((end: StageEnd) => void) | undefined {
    const handlers = this.hooks.onStage;
    if (handlers === undefined) return undefined;
    const endSpan = this.spans?.startStage(stage);
    if (handlers.length === 0) return endSpan;
    const facts = { stage, subgraph };
    const ends = handlers.flatMap((handler) => {
      const end = this.#quietly(handler, () => acceptEnd(settled(handler.call(this.#given(handler, facts)))));
      return end === undefined ? [] : [{ handler, end }];
    });
    if (ends.length === 0) return endSpan;
    return (how) => {
      endSpan?.(how);
      for (const { handler, end } of ends) this.#quietly(handler, () => acceptNothing(settled(end(how))));
    };
  }

  /** Takes over what the plugins of another request stored, for requests that share its execution. */
  adopt({ context }: PluginRun): void {
    for (const [key, value] of context) if (!this.context.has(key)) this.context.set(key, value);
  }

  /** Runs an observer: what goes wrong in it is logged and changes nothing. */
  #quietly<T>(handler: Handler, work: () => T | undefined): T | undefined {
    try {
      return work();
    } catch (error) {
      return failed(
        { ...handler, plugin: { ...handler.plugin, onError: 'ignore' } },
        asPlainError(error),
        this.#facts.requestId,
      );
    }
  }

  #call<T>(hook: HookName, facts: object | undefined, accept: Accept<T>): Maybe<T | undefined> {
    const handlers = this.hooks[hook];
    if (handlers === undefined) return undefined;
    return callHooks(handlers, (handler) => this.#given(handler, facts), accept, this.#facts.requestId);
  }

  private get requests(): PluginRequest[] {
    this.#requests ??= [];
    return this.#requests;
  }

  #given({ plugin: { config, log }, index }: Handler, facts: object | undefined): object {
    let request = this.requests[index];
    if (request === undefined) {
      request = new PluginRequest(this.#facts, this.#set.declared[index]);
      this.requests[index] = request;
    }
    return { ...facts, request, context: this.context, config, log };
  }
}

/** Which responses an operation may share is known from its text, so that a plugin which replaces it must switch sharing off. */
function operationOfReader(): TypeError {
  return new TypeError(
    'A plugin that calls "setOperation" must not have "reads": remove it, so that nothing is shared.',
  );
}

function checkedChange(change: OperationChange): OperationChange {
  const { query, operationName, variables } = isRecord(change) ? change : {};
  const isValid =
    (query === undefined || typeof query === 'string') &&
    (operationName === undefined || typeof operationName === 'string') &&
    (variables === undefined || isRecord(variables));
  if (!isValid || !isRecord(change)) throw new TypeError('"setOperation" expects { query, operationName, variables }');
  return {
    ...(query !== undefined && { query }),
    ...('operationName' in change && { operationName }),
    ...(variables && { variables }),
  };
}

/** Accepts what a hook returned only if the headers that it has set can be sent. */
function withHeaders<T>(headers: Headers, accept: Accept<T>): Accept<T> {
  return (returned) => {
    checkHeaders(headers);
    return accept(returned);
  };
}

const KINDS: ReadonlySet<unknown> = new Set(['jwt', 'api_key', 'opaque', 'certificate', 'session', 'plugin']);
const TEXTS = ['subject', 'clientId', 'apiKeyId', 'apiKeyOwner', 'plan'] as const;

/** Returns a copy of an identity. Throws a `TypeError` for one that policies could not evaluate. */
function checkedIdentity(given: unknown): Identity {
  if (!isRecord(given))
    throw new TypeError(`"setIdentity" got ${describe(given)}; expected { subject, scopes, claims }`);
  const { kind = 'plugin', scopes = [], claims = {}, ...others } = given;
  if (!KINDS.has(kind))
    throw new TypeError(`"setIdentity" got an unknown kind; expected one of ${[...KINDS].join(', ')}`);
  if (!Array.isArray(scopes) || !scopes.every((scope) => typeof scope === 'string'))
    throw new TypeError('"setIdentity" got "scopes" that are no list of texts');
  if (!isRecord(claims)) throw new TypeError('"setIdentity" got "claims" that are no object');
  const wrong = TEXTS.find((name) => others[name] !== undefined && typeof others[name] !== 'string');
  if (wrong !== undefined) throw new TypeError(`"setIdentity" got a "${wrong}" that is no text`);
  return { ...others, kind, scopes: [...new Set(scopes)], claims } as unknown as Identity;
}

/** Returns a value that must not be a promise. The rejection of one is handled, so that it does not end the process. */
function settled(returned: unknown): unknown {
  if (isThenable(returned)) Promise.resolve(returned).catch(() => {});
  return returned;
}

/** An observer cannot refuse a request, so its `GatewayError` is an error like any other. */
function asPlainError(error: unknown): Error {
  return new Error(error instanceof Error ? error.message : String(error), { cause: error });
}
