import { parseJson } from './exact-json.ts';

/**
 * Whether a text is a GraphQL result with errors and without `data`: the operation was not executed, so that a subscription has not started.
 * @see https://spec.graphql.org/draft/#sec-Errors.Request-Errors
 */
export function isRequestError(text: string): boolean {
  const result = resultWithErrors(text);
  return result !== undefined && result.data === undefined;
}

/** Whether a response that is no stream says that a subscription has not started. Some servers add `"data": null` to the errors. */
export function refusesSubscription(text: string): boolean {
  const result = resultWithErrors(text);
  return result !== undefined && (result.data ?? null) === null;
}

function resultWithErrors(text: string): { readonly data?: unknown } | undefined {
  try {
    const result = parseJson(text) as { readonly data?: unknown; readonly errors?: unknown } | null;
    return Array.isArray(result?.errors) && result.errors.length > 0 ? result : undefined;
  } catch {
    return undefined;
  }
}
