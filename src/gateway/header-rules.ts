import type { HeaderSettings } from '../config/sections/headers.ts';
import { compileRequestHeaders, type RequestHeaders } from '../policy/headers/request-headers.ts';
import { compileResponseHeaders, type ResponseHeaders } from '../policy/headers/response-headers.ts';

/** Which headers go from clients to subgraphs and back, compiled once. */
export interface HeaderRules {
  readonly request: RequestHeaders;
  /** `undefined` when nothing goes back. */
  readonly response: ResponseHeaders | undefined;
}

/** Throws `ConfigValueError` for rules that would let a client say who it is. */
export function compileHeaderRules(settings: HeaderSettings): HeaderRules {
  return { request: compileRequestHeaders(settings), response: compileResponseHeaders(settings) };
}
