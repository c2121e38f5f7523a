import type { GraphQLFormattedError } from 'graphql';
import { parseJson, stringifyJson } from '../shared/exact-json.ts';
import { type Accept, describe, headersOf, isStatus } from './call-hooks.ts';
import type { PluginResponse, PluginResult, StageEnd } from './hooks.ts';

/** Accepts nothing. */
export const acceptNothing: Accept<never> = (returned) => {
  if (returned === undefined) return undefined;
  throw new TypeError(`it returned ${describe(returned)}; expected nothing`);
};

/** A response of a plugin that can be sent: a copy, since the plugin keeps the original. */
export interface CheckedResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** Accepts an HTTP response. */
export const acceptResponse: Accept<CheckedResponse> = (returned) => {
  if (returned === undefined) return undefined;
  const response = objectWith(returned, ['status', 'headers', 'body'], 'a response such as { status: 403, body: "…" }');
  const { status = 200, headers: given = {}, body = '' } = response as PluginResponse;
  const headers = headersOf(given);
  const isText = typeof body === 'string';
  if (!headers.has('content-type'))
    headers.set('content-type', isText ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8');
  return { status: checkedStatus(status), headers, body: isText ? body : (stringifyJson(body) ?? '') };
};

/** A result of a plugin that can be sent: a copy, since the plugin keeps the original. */
export interface CheckedResult {
  /** JSON text. */
  readonly data: string | undefined;
  readonly errors: readonly GraphQLFormattedError[];
  readonly extensions: Readonly<Record<string, unknown>> | undefined;
}

/** Accepts the result of a fetch. */
export const acceptResult: Accept<CheckedResult> = (returned) => {
  if (returned === undefined) return undefined;
  const { data, errors, extensions } = checkResult(returned);
  const copies = { errors: copyOf(errors ?? []), extensions: extensions && copyOf(extensions) };
  // a `toJSON` may have made something else of them
  checkErrors(copies.errors);
  return { data: data === undefined ? undefined : textOfData(data), ...copies };
};

/** Returns JSON text of the data of a result. Throws a `TypeError` for what is no object and not null. */
export function textOfData(data: unknown): string {
  const text = data === null || isRecord(data) ? stringifyJson(data) : undefined;
  if (text === 'null' || text?.startsWith('{')) return text;
  throw new TypeError('its data is no object and not null');
}

/** Returns a value as a result. Throws a `TypeError` for one that is none. */
export function checkResult(value: unknown): PluginResult {
  const expected = 'a result such as { data: … } or { errors: […] }';
  const { data, errors, extensions } = objectWith(value, ['data', 'errors', 'extensions'], expected) as PluginResult;
  checkErrors(errors);
  if (data === undefined && (errors === undefined || errors.length === 0))
    throw new TypeError('it returned a result without data and errors');
  if (data !== undefined && data !== null && !isRecord(data))
    throw new TypeError(`it returned a result whose data is ${describe(data)}; expected an object or null`);
  if (extensions !== undefined && !isRecord(extensions))
    throw new TypeError(`it returned a result whose extensions are ${describe(extensions)}; expected an object`);
  return { data, errors, extensions };
}

/** A result of an operation, with status and headers of its response. */
export interface CheckedOperationResult extends CheckedResult {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>> | undefined;
}

/** Accepts the result of an operation. */
export const acceptOperationResult: Accept<CheckedOperationResult> = (returned) => {
  if (!isRecord(returned)) return acceptResult(returned) as undefined;
  const { status = 200, headers, ...result } = returned;
  const checked = acceptResult(result);
  const sent = headers === undefined ? undefined : Object.fromEntries(headersOf(headers));
  return checked && { ...checked, status: checkedStatus(status), headers: sent };
};

/** Returns a status that can be sent. Throws a `TypeError` for any other value. */
export function checkedStatus(status: unknown): number {
  if (isStatus(status)) return status;
  throw new TypeError(`it set the status of a response to ${describe(status)}; expected a number from 200 to 599`);
}

function copyOf<T>(value: T): T {
  return parseJson(stringifyJson(value) ?? 'null') as T;
}

/** Accepts the function that is called at the end of a stage. */
export const acceptEnd: Accept<(end: StageEnd) => void> = (returned) => {
  if (returned === undefined) return undefined;
  if (typeof returned === 'function') return returned as (end: StageEnd) => void;
  throw new TypeError(`it returned ${describe(returned)}; expected a function, or nothing`);
};

/** Throws a `TypeError` for anything but a list of GraphQL errors. */
export function checkErrors(errors: unknown): void {
  if (errors === undefined) return;
  const isList = Array.isArray(errors) && errors.every((error) => isRecord(error) && typeof error.message === 'string');
  if (!isList) throw new TypeError('its errors are no list of objects with a "message"');
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function objectWith(value: unknown, members: readonly string[], expected: string): Record<string, unknown> {
  if (!isRecord(value)) throw new TypeError(`it returned ${describe(value)}; expected nothing or ${expected}`);
  const unknown = Object.keys(value).find((key) => !members.includes(key));
  if (unknown === undefined) return value;
  throw new TypeError(`it returned an object with the member "${unknown}"; expected nothing or ${expected}`);
}
