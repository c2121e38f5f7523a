import { ClientDisconnected } from '../shared/client-disconnected.ts';
import { GatewayError } from '../shared/gateway-error.ts';
import type { HookName } from './hooks.ts';
import type { LoadedPlugin } from './plugin-set.ts';

/** One hook of one plugin. */
export interface Handler {
  readonly plugin: LoadedPlugin;
  /** The place of the plugin in the list. */
  readonly index: number;
  readonly hook: HookName;
  readonly call: (given: object) => unknown;
}

/** Checks what a hook returned, and converts it. Returns `undefined` where the hook returned nothing. Throws for anything unexpected. */
export type Accept<T> = (returned: unknown) => T | undefined;

/** A value, or the promise of one: hooks that return at once cost no promise. */
export type Maybe<T> = T | Promise<T>;

/**
 * Calls the handlers of a hook in order, until one returns something. Throws, or rejects with, the `GatewayError` of a handler;
 * `PLUGIN_FAILED` for a handler that fails in any other way.
 * @param given returns what a handler is called with
 * @param requestId the request, for the log
 */
export function callHooks<T>(
  handlers: readonly Handler[],
  given: (handler: Handler) => object,
  accept: Accept<T>,
  requestId?: string,
): Maybe<T | undefined> {
  return callFrom(0, handlers, given, accept, requestId);
}

function callFrom<T>(
  start: number,
  handlers: readonly Handler[],
  given: (handler: Handler) => object,
  accept: Accept<T>,
  requestId: string | undefined,
): Maybe<T | undefined> {
  for (let i = start; i < handlers.length; i++) {
    const outcome = callOne(handlers[i] as Handler, given, accept, requestId);
    if (outcome instanceof Promise) {
      return outcome.then((value) => value ?? callFrom(i + 1, handlers, given, accept, requestId));
    }
    if (outcome !== undefined) return outcome;
  }
  return undefined;
}

function callOne<T>(
  handler: Handler,
  given: (handler: Handler) => object,
  accept: Accept<T>,
  requestId: string | undefined,
): Maybe<T | undefined> {
  try {
    const returned = handler.call(given(handler));
    if (!isThenable(returned)) return accept(returned);
    return withTimeout(returned, handler.plugin.timeoutMs)
      .then(accept)
      .catch((error: unknown) => failed(handler, error, requestId));
  } catch (error) {
    return failed(handler, error, requestId);
  }
}

/** Logs the failure of a hook. Throws it, unless the plugin's failures are ignored. */
export function failed(
  { plugin, hook }: Pick<Handler, 'plugin' | 'hook'>,
  error: unknown,
  requestId?: string,
): undefined {
  const refusal = readSafely(() => asGatewayError(error));
  if (refusal) throw refusal;
  // the client has gone while a plugin read its request
  if (readSafely(() => error instanceof ClientDisconnected)) throw error;
  // the log of a plugin has its name already
  const fields = { ...(requestId !== undefined && { requestId }), hook, err: asError(error) };
  if (plugin.onError === 'ignore') {
    plugin.log.error(fields, 'plugin failed; ignored');
    return undefined;
  }
  plugin.log.error(fields, 'plugin failed');
  throw new GatewayError(500, 'PLUGIN_FAILED', 'A plugin of the gateway failed.', { cause: error });
}

/**
 * Returns the refusal that a plugin threw, made anew: it may come from another copy of the class, as the plugin has its own import, and
 * its members may be anything. `undefined` for any other error, and for one that cannot be sent.
 */
function asGatewayError(error: unknown): GatewayError | undefined {
  if (!(error instanceof Error) || error.name !== 'GatewayError') return undefined;
  const { status, code, kind, message, headers = {} } = error as GatewayError;
  const isValid = isStatus(status) && [code, kind, message].every((text) => typeof text === 'string');
  if (!isValid) return undefined;
  const sent = Object.fromEntries(headersOf(headers));
  return new GatewayError(status, code, message, { headers: sent, kind, cause: error.cause });
}

/** Reads something of a plugin's value; `undefined` where that throws. */
function readSafely<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Whether a number is the status of a final HTTP response. */
export function isStatus(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 200 && (value as number) <= 599;
}

/** Returns an error that the log can read. */
function asError(error: unknown): Error {
  const known = readSafely(() => {
    if (!(error instanceof Error)) return new Error(`it threw ${describe(error)}`);
    const isReadable = [error.name, error.message, error.stack ?? ''].every((text) => typeof text === 'string');
    return isReadable ? error : undefined;
  });
  return known ?? new Error('it threw something that cannot be read');
}

/** Describes a value in a few words, for messages. */
export function describe(value: unknown): string {
  return readSafely(() => described(value)) ?? 'something that cannot be read';
}

function described(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (isThenable(value)) return 'a promise';
  if (typeof value === 'object') return 'an object';
  return typeof value === 'function' ? 'a function' : `${typeof value} ${String(value).slice(0, 50)}`;
}

/** Whether a value is a promise, or like one. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

/** What Node sends in a header. `Headers` allows control characters, too. */
const SENDABLE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Returns headers, of which each may have a list of values. Throws a `TypeError` for what cannot be sent. */
export function headersOf(given: unknown): Headers {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new TypeError(`its headers are ${describe(given)}; expected an object`);
  const headers = new Headers();
  for (const [name, value] of Object.entries(given)) {
    const values: unknown[] = Array.isArray(value) ? value : [value];
    for (const one of values) headers.append(name, one as string);
  }
  checkHeaders(headers);
  return headers;
}

/** Throws a `TypeError` for values that cannot be sent, and removes them. */
export function checkHeaders(headers: Headers): void {
  const wrong = [...headers].filter(([, value]) => !SENDABLE.test(value)).map(([name]) => name);
  for (const name of wrong) headers.delete(name);
  if (wrong.length > 0) throw new TypeError(`it set the header "${wrong[0]}" to a value that cannot be sent`);
}

function withTimeout(pending: PromiseLike<unknown>, timeoutMs: number): Promise<unknown> {
  if (timeoutMs === Number.POSITIVE_INFINITY) return Promise.resolve(pending);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no result within ${timeoutMs} ms`)), timeoutMs);
    Promise.resolve(pending)
      .then(resolve, reject)
      .finally(() => clearTimeout(timer));
  });
}

/** Continues with a value now, or when it is there. */
export function andThen<T, U>(value: Maybe<T>, next: (value: T) => U | Promise<U>): U | Promise<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}
