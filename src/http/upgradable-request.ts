import { IncomingMessage } from 'node:http';

/**
 * Returns a class of requests of which only those are upgrades that `accepts` returns true for. Node passes every request that offers
 * an upgrade to the listener for upgrades, also one that offers HTTP/2, as some clients do with each request, and expects to be served
 * over HTTP/1.1 as well.
 */
export function requestThatMayUpgrade(accepts: (req: IncomingMessage) => boolean): typeof IncomingMessage {
  return class extends IncomingMessage {
    // no private member: Node sets it in the constructor of the base class
    declare offersUpgrade: boolean | null;

    /** Node sets it before it has the headers, and reads it after them. */
    get upgrade(): boolean | null {
      return this.offersUpgrade && (this.method === 'CONNECT' || accepts(this));
    }

    set upgrade(offered: boolean | null) {
      this.offersUpgrade = offered;
    }
  };
}
