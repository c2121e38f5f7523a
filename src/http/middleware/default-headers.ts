import type { Middleware } from './middleware.ts';

/** Gives every response these headers. @param headers names in lower case */
export function defaultHeaders(headers: Readonly<Record<string, string>> | undefined): Middleware | undefined {
  if (headers === undefined) return undefined;
  return (next) => (context) => {
    context.headers = headers;
    next(context);
  };
}
