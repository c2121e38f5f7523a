import { GatewayError } from './gateway-error.ts';

/** What a client does whose subscription cannot begin here. */
export const SUBSCRIBE_ELSEWHERE = 'Subscribe again elsewhere.';

/** The error of what cannot begin any more because the gateway stops. Status 503, code `SERVICE_UNAVAILABLE`. */
export class ShuttingDownError extends GatewayError {
  /** @param advice what the client does instead, as a sentence */
  constructor(advice = '') {
    super(503, 'SERVICE_UNAVAILABLE', `The gateway is shutting down. ${advice}`.trimEnd());
    this.name = 'ShuttingDownError';
  }
}
