import { type Accept, describe, isStatus } from './call-hooks.ts';
import type { OperationResult, PluginResponse, PluginResult, StageEnd } from './hooks.ts';

/** Accepts nothing. */
export const acceptNothing: Accept<never> = (returned) => {
  if (returned === undefined) return undefined;
  throw new TypeError(`it returned ${describe(returned)}; expected nothing`);
};

/** Accepts an HTTP response. */
export const acceptResponse: Accept<PluginResponse> = (returned) => {
  if (returned === undefined) return undefined;
  const response = objectWith(returned, ['status', 'headers', 'body'], 'a response such as { status: 403, body: "…" }');
  checkHead(response);
  return response;
};

/** Accepts the result of an operation. */
export const acceptResult: Accept<PluginResult> = (returned) => {
  if (returned === undefined) return undefined;
  const result = objectWith(
    returned,
    ['data', 'errors', 'extensions'],
    'a result such as { data: … } or { errors: […] }',
  );
  checkErrors((result as PluginResult).errors);
  const { data, errors } = result as PluginResult;
  if (data === undefined && (errors === undefined || errors.length === 0))
    throw new TypeError('it returned a result without data and errors');
  if (data !== undefined && data !== null && !isRecord(data))
    throw new TypeError(`it returned a result whose data is ${describe(data)}; expected an object or null`);
  return result;
};

/** Accepts the result of an operation, with status and headers of its response. */
export const acceptOperationResult: Accept<OperationResult> = (returned) => {
  if (!isRecord(returned)) return acceptResult(returned);
  const { status, headers, ...result } = returned;
  const checked = acceptResult(result);
  checkHead({ status, headers });
  return checked && { ...checked, status: status as number, headers: headers as OperationResult['headers'] };
};

/** Throws a `TypeError` for a status or for headers that cannot be sent. */
export function checkHead({ status, headers }: { readonly status?: unknown; readonly headers?: unknown }): void {
  if (status !== undefined && !isStatus(status))
    throw new TypeError(`it set the status of a response to ${describe(status)}; expected a number from 200 to 599`);
  if (headers !== undefined) headersOf(headers);
}

/** Returns headers, of which each may have a list of values. Throws a `TypeError` for what is no header. */
export function headersOf(given: unknown): Headers {
  if (!isRecord(given)) throw new TypeError(`its headers are ${describe(given)}; expected an object`);
  const headers = new Headers();
  for (const [name, value] of Object.entries(given)) {
    const values: unknown[] = Array.isArray(value) ? value : [value];
    for (const one of values) headers.append(name, one as string);
  }
  return headers;
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
