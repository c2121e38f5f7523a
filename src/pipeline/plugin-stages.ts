import type { CompiledPlan } from '../executor/compile.ts';
import type { Payload } from '../executor/payload.ts';
import { type CheckedOperationResult, checkErrors, checkedStatus, textOfData } from '../plugins/accept.ts';
import { andThen, headersOf, type Maybe } from '../plugins/call-hooks.ts';
import type { OperationFacts, PlanFacts, PluginPayload } from '../plugins/hooks.ts';
import type { PluginRun } from '../plugins/plugin-run.ts';
import { parseJson, plainValue, stringifyJson } from '../shared/exact-json.ts';
import { GatewayError } from '../shared/gateway-error.ts';
import type { OperationLabel } from '../shared/request-notes.ts';
import { restoreFiles } from '../shared/uploads/find-files.ts';
import { type ClientDocument, chooseOperation, type RefusedDocument } from './documents.ts';
import type { EngineRequest } from './engine.ts';
import type { OperationRun } from './execute.ts';
import { type ExecutionResult, type Refusal, SingleResult, type StreamResult } from './execution-result.ts';

/** The work between the hooks of an operation. */
interface OperationWork<R extends ExecutionResult> {
  /** Reads the document of a request. */
  readonly read: (request: EngineRequest) => ClientDocument | RefusedDocument;
  /** Runs the stages. */
  readonly run: (request: EngineRequest) => Maybe<R | SingleResult>;
  /** Returns the result for an error of a stage. */
  readonly failed: (error: unknown) => SingleResult;
}

/** A request, until a plugin replaces its operation. */
interface RequestedWork {
  request: EngineRequest;
}

/** Runs an operation: calls `onParse` and `onValidate` before it, and `onPayload` for each payload of its result. */
export function withPlugins<R extends ExecutionResult>(
  request: EngineRequest,
  plugins: PluginRun,
  { read, run, failed }: OperationWork<R>,
): Promise<R | SingleResult> {
  const work = { request };
  const early = beforeOperation(work, plugins, read);
  const begin = async (result: SingleResult | undefined) => result ?? run(work.request);
  return Promise.resolve(andThen(early, begin))
    .catch(failed)
    .then((result) => changePayloads(result, plugins));
}

/**
 * Calls `onParse` and `onValidate`. Returns the result where a plugin ends the operation.
 * @param read reads the document of the request
 */
function beforeOperation(
  work: RequestedWork,
  plugins: PluginRun,
  read: OperationWork<never>['read'],
): Maybe<SingleResult | undefined> {
  try {
    const early = andThen(
      callOnParse(work, plugins),
      (parsed) => parsed ?? callOnValidate(work.request, plugins, read),
    );
    if (!(early instanceof Promise)) return early && resultOf(early, 'plugin');
    return early.then((result) => result && resultOf(result, 'plugin')).catch(refusedByPlugin);
  } catch (error) {
    return refusedByPlugin(error);
  }
}

function callOnParse(work: RequestedWork, plugins: PluginRun): Maybe<CheckedOperationResult | undefined> {
  if (plugins.hooks.onParse === undefined) return undefined;
  return plugins.onParse(textOf(work.request), (changed) => {
    const { request } = work;
    // the parts of an endpoint are those of its own operation
    if (request.deferGroups !== undefined)
      throw new TypeError('The operation of an endpoint with deferred sections cannot be replaced.');
    const variables = request.client.uploads ? restoreFiles(request.variables, changed.variables) : changed.variables;
    work.request = { ...request, ...changed, variables, document: undefined };
  });
}

function callOnValidate(
  request: EngineRequest,
  plugins: PluginRun,
  read: OperationWork<never>['read'],
): Maybe<CheckedOperationResult | undefined> {
  if (plugins.hooks.onValidate === undefined) return undefined;
  const known = read(request);
  if ('refusal' in known) return undefined;
  const { document } = known;
  const operation = chooseOperation(document, request.operationName);
  if (!('kind' in operation)) return undefined;
  const facts = { name: operation.name?.value, type: operation.operation };
  return plugins.onValidate({ ...textOf(request), document, operation: facts });
}

function textOf({ query, operationName, variables }: EngineRequest) {
  return { query, operationName: operationName ?? undefined, variables: plain(variables ?? {}) };
}

/** Returns variables with plain JavaScript numbers. */
function plain(variables: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return plainValue(variables as never) as Readonly<Record<string, unknown>>;
}

/** Calls `onPlan` and `onExecute`, and executes the plan unless one of them has made the result. */
export function executeWithPlugins<R extends ExecutionResult>(
  { prepared: { label }, document, variables, request }: OperationRun,
  compiled: CompiledPlan,
  plugins: PluginRun,
  execute: () => Promise<R>,
): Promise<R | SingleResult> {
  const { onPlan, onExecute } = plugins.hooks;
  const run = () => (plugins.hooks.onStage ? plugins.observe('execute', execute) : execute());
  if (onPlan === undefined && onExecute === undefined) return run();
  const operation = label as OperationFacts;
  const facts = { document, operation, variables: plain(variables), plan: planFacts(compiled) };
  const planned = onPlan && plugins.onPlan(facts);
  const early = andThen(planned, (result) => result ?? (onExecute && plugins.onExecute(facts)));
  const finish = async (result: CheckedOperationResult | undefined): Promise<R | SingleResult> => {
    if (result === undefined) return request.client.signal?.aborted ? aborted() : run();
    return resultOf(result, undefined, label);
  };
  return early instanceof Promise ? early.then(finish) : finish(early);
}

/** Rejects: the client has disconnected, or the request has timed out, while a plugin took its time. */
function aborted(): Promise<never> {
  return Promise.reject(new GatewayError(504, 'GATEWAY_TIMEOUT', 'The request ended before it was executed.'));
}

function planFacts({ plan }: CompiledPlan): PlanFacts {
  return { fetches: plan.requests.map(({ subgraph: { name } }) => ({ subgraph: name })) };
}

/** Calls `onPayload` for a result, or for each payload of a stream. */
function changePayloads<R extends ExecutionResult>(result: R, plugins: PluginRun): Maybe<R | SingleResult> {
  if (plugins.hooks.onPayload === undefined) return result;
  if (result.kind === 'stream') {
    changeStream(result, plugins);
    return result;
  }
  return changeSingle(result, plugins);
}

function changeSingle(result: SingleResult, plugins: PluginRun): Maybe<SingleResult> {
  const payload = new LazyPayload(result);
  return andThen(plugins.onPayload(operationOf(result.operation), payload, payload.check), () => {
    if (!payload.isChanged) return result;
    const text = payload.takeText();
    const { status, headers, extensions, errors } = payload;
    const added = headers && { ...result.headers, ...Object.fromEntries(headersOf(headers)) };
    const details = { ...detailsOf(result), extensions, ...(status && { status }), ...(added && { headers: added }) };
    return new SingleResult(text, errors, details);
  });
}

function detailsOf({ refusal, status, headers, cachePolicy, dependsOn, operation }: SingleResult) {
  return { refusal, status, headers, cachePolicy, dependsOn, operation };
}

function changeStream({ payloads, operation }: StreamResult, plugins: PluginRun): void {
  let isFirst = true;
  payloads.mapLater((given) => {
    const payload = new LazyPayload(given, isFirst ? 'first' : 'later');
    isFirst = false;
    return andThen(plugins.onPayload(operationOf(operation), payload, payload.check), () =>
      payload.isChanged ? given.replace(payload.takeText(), payload.errors, payload.extensions) : given,
    );
  });
}

function operationOf(label: OperationLabel | undefined): OperationFacts | undefined {
  return label as OperationFacts | undefined;
}

/** A payload for plugins: its data is parsed when it is read, and written anew only where it changed. */
class LazyPayload implements PluginPayload {
  errors: PluginPayload['errors'];
  extensions: PluginPayload['extensions'];
  status: PluginPayload['status'];
  headers: PluginPayload['headers'];
  readonly ofStream: PluginPayload['ofStream'];
  readonly #payload: Payload;
  #data: PluginPayload['data'];
  #isParsed = false;
  /** The text of the data as the last plugin left it. */
  #text: string | undefined;

  constructor(payload: Payload, ofStream?: PluginPayload['ofStream']) {
    this.#payload = payload;
    this.ofStream = ofStream;
    this.#text = payload.dataText;
    // a list of its own: a plugin may change it in place
    this.errors = [...payload.errors];
    this.extensions = payload.extensions;
  }

  get data(): PluginPayload['data'] {
    if (!this.#isParsed) this.#parse();
    return this.#data;
  }

  set data(value: PluginPayload['data']) {
    this.#isParsed = true;
    this.#data = value;
  }

  get isChanged(): boolean {
    const { errors, extensions, dataText } = this.#payload;
    if (this.status !== undefined || this.headers !== undefined) return true;
    const hasOtherErrors = this.errors.length !== errors.length || errors.some((one, at) => one !== this.errors[at]);
    return this.#text !== dataText || hasOtherErrors || this.extensions !== extensions;
  }

  /** Checks what a plugin has changed. Throws for what cannot be sent, and takes it back. */
  readonly check = (): void => {
    try {
      checkErrors(this.errors);
      if (this.status !== undefined) checkedStatus(this.status);
      if (this.headers !== undefined) headersOf(this.headers);
      if (this.errors.length > 0) stringifyJson(this.errors);
      if (this.extensions !== undefined) stringifyJson(this.extensions);
      if (this.#isParsed && this.#data === undefined && this.errors.length === 0)
        throw new TypeError('it left a payload without data and errors');
      if (this.#isParsed) this.#text = this.#data === undefined ? undefined : textOfData(this.#data);
    } catch (error) {
      this.errors = [...this.#payload.errors];
      this.extensions = this.#payload.extensions;
      this.status = undefined;
      this.headers = undefined;
      this.#parse();
      throw error;
    }
  };

  takeText(): string | undefined {
    this.#payload.takeText();
    return this.#text;
  }

  #parse(): void {
    this.#isParsed = true;
    // numbers keep their digits
    this.#data = this.#text === undefined ? undefined : (parseJson(this.#text) as PluginPayload['data']);
  }
}

/** Returns the result that a plugin has made. */
function resultOf(
  { data, errors, extensions, status, headers }: CheckedOperationResult,
  refusal: Refusal | undefined,
  operation?: OperationLabel,
): SingleResult {
  return new SingleResult(data, errors, { refusal, extensions, operation, status, headers });
}

/** Returns the result for a refusal by a plugin. Throws any other error. */
export function refusedByPlugin(error: unknown, refusal: Refusal = 'plugin'): SingleResult {
  if (!(error instanceof GatewayError)) throw error;
  const { message, extensions, status, headers } = error;
  return new SingleResult(undefined, [{ message, extensions }], { refusal, status, headers });
}
