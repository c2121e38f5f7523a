import type { HeaderSettings } from '../config/sections/headers.ts';
import { compileRequestHeaders, type RequestHeaders } from '../policy/headers/request-headers.ts';
import { compileResponseHeaders, type ResponseHeaders } from '../policy/headers/response-headers.ts';

/** The compiled rules for headers from clients to subgraphs and back. */
export interface HeaderRules {
  readonly request: RequestHeaders;
  /** `undefined` when no response header is returned to clients. */
  readonly response: ResponseHeaders | undefined;
}

/** Compiles header rules. Throws `ConfigValueError` for rules that would allow clients to forge their identity. */
export function compileHeaderRules(settings: HeaderSettings): HeaderRules {
  return { request: compileRequestHeaders(settings), response: compileResponseHeaders(settings) };
}
