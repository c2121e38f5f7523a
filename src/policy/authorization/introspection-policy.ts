import { reads } from '../../client/depends-on.ts';
import { selectsField } from '../../operation/selects-field.ts';
import type { OperationPolicy } from '../../pipeline/operation-policy.ts';
import { type Alternatives, isMet } from './clause.ts';

const INTROSPECTION: ReadonlySet<string> = new Set(['__schema', '__type']);
const READ = reads({ identity: true, isGuarded: true });

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
    readsOf: (document, { publicSchema }) =>
      selectsField(document, publicSchema, (_, field) => INTROSPECTION.has(field)) ? READ : undefined,
    inspect(operation) {
      const introspects = operation.selection.items.some(
        (item) => item.kind === 'field' && INTROSPECTION.has(item.name),
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
