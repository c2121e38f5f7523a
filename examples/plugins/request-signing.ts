import { createHmac } from 'node:crypto';
import { definePlugin } from 'headgate/plugin';

interface Config {
  /** The key that the gateway and the subgraphs share. */
  readonly secret: string;
}

/** Signs each request to a subgraph: `x-signature` has the HMAC of the time in `x-signed-at` and of the body. */
export default definePlugin<Config>({
  name: 'request-signing',
  reads: 'nothing',
  configSchema: {
    parse(given) {
      const { secret } = (given ?? {}) as Partial<Config>;
      if (typeof secret !== 'string' || secret.length < 16)
        throw new Error('expected a secret of 16 characters or more');
      return { secret };
    },
  },
  hooks: {
    // each try has its own time, also a retry
    onTry({ body, headers, config }) {
      const signedAt = String(Date.now());
      headers.set('x-signed-at', signedAt);
      headers.set('x-signature', createHmac('sha256', config.secret).update(`${signedAt}.${body}`).digest('hex'));
    },
  },
});
