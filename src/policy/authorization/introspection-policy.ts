import type { OperationPolicy } from '../../pipeline/operation-policy.ts';
import { type Alternatives, isMet } from './clause.ts';

const ERROR = {
  message: 'Introspection requires scopes that this client does not have.',
  extensions: { code: 'UNAUTHORIZED_FIELD_OR_TYPE' },
};

/**
 * Rejects introspection with 403 unless the client has the scopes.
 * @param onRefused called for each request that is rejected
 */
export function createIntrospectionPolicy(scopes: Alternatives, onRefused?: () => void): OperationPolicy {
  const refused = { refusal: { status: 403, errors: [ERROR] } };
  return {
    inspect(operation) {
      const introspects = operation.selection.items.some(
        (item) => item.kind === 'field' && (item.name === '__schema' || item.name === '__type'),
      );
      if (!introspects) return undefined;
      return {
        check({ client }) {
          if (isMet(scopes, client.identity?.scopes ?? [])) return undefined;
          onRefused?.();
          return refused;
        },
      };
    },
  };
}
