import { createHash } from 'node:crypto';
import { definePlugin, GatewayError } from 'headgate/plugin';

interface Config {
  /** Names of operations, or SHA-256 hashes of documents in hexadecimal digits. */
  readonly blocked: readonly string[];
}

/** Refuses some operations with 403: a stopgap for one that hurts, until its client is fixed. */
export default definePlugin<Config>({
  name: 'operation-blocklist',
  reads: 'nothing',
  configSchema: {
    parse(given) {
      const { blocked } = (given ?? {}) as Partial<Config>;
      if (!Array.isArray(blocked)) throw new Error('expected { blocked: ["SlowReport"] }');
      return { blocked };
    },
  },
  hooks: {
    onValidate({ query, operation, config: { blocked } }) {
      const isBlocked =
        (operation.name !== undefined && blocked.includes(operation.name)) ||
        blocked.includes(createHash('sha256').update(query).digest('hex'));
      if (isBlocked) throw new GatewayError(403, 'OPERATION_BLOCKED', 'This operation is blocked.');
    },
  },
});
