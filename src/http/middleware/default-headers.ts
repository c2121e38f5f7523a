import type { Middleware } from './middleware.ts';

/** Adds headers to every response. @param headers names in lower case */
export function defaultHeaders(headers: Readonly<Record<string, string>> | undefined): Middleware | undefined {
  if (headers === undefined) return undefined;
  return (next) => (context) => {
    context.headers = headers;
    next(context);
  };
}
