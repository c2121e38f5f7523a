import { GatewayError } from './gateway-error.ts';

/** In seconds. What takes the memory ends soon, or runs into its timeout. */
export const RETRY_AFTER = 1;

/** The error of a request for which there is no memory left. Status 503, code `OVERLOADED`. */
export class OverloadedError extends GatewayError {
  /** @param what what there is no memory for: `further long responses` */
  constructor(what: string) {
    // headers that a rule copied from a subgraph response do not apply to this response
    const headers = { 'retry-after': String(RETRY_AFTER), 'cache-control': 'no-store' };
    super(503, 'OVERLOADED', `The gateway has no memory for ${what}. Try again in a moment.`, { headers });
    this.name = 'OverloadedError';
  }
}
