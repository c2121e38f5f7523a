import type { GraphQLFormattedError } from 'graphql';
import { rememberOriginal } from '../shared/original-error.ts';

/**
 * Removes what subgraphs report in errors but clients must not see: message and extensions, except `code` and
 * `service`. The path stays. Errors of the gateway itself have no `service` and stay unchanged.
 *
 * In:  `{message: "no row 7 in table users", path: ["me"], extensions: {code: "DB", service: "users", sql: "…"}}`
 * Out: `{message: "The subgraph \"users\" reported an error.", path: ["me"], extensions: {code: "DB", service:
 * "users"}}`
 */
export function maskErrors(
  errors: readonly GraphQLFormattedError[],
  includesErrorsOf: (subgraph: string) => boolean,
): { exposed: readonly GraphQLFormattedError[]; masked: readonly GraphQLFormattedError[] } {
  const masked: GraphQLFormattedError[] = [];
  const exposed = errors.map((error) => {
    const { code, service } = error.extensions ?? {};
    if (typeof service !== 'string' || includesErrorsOf(service)) return error;
    masked.push(error);
    const message = `The subgraph "${service}" reported an error.`;
    const extensions = typeof code === 'string' ? { code, service } : { service };
    const shown = error.path === undefined ? { message, extensions } : { message, path: error.path, extensions };
    rememberOriginal(shown, error);
    return shown;
  });
  return { exposed, masked };
}

/** Words that show that an error with a suggestion is about the schema of a server. */
const OF_SCHEMA = /\b(?:field|argument|type|enum|value|directive|fragment|variable|input|selection)\b/i;

/**
 * Removes suggestions of schema names from subgraph errors. Other suggestions, such as products of a shop, stay.
 *
 * In:  `Cannot query field "nam" on type "User". Did you mean "name"?`
 * Out: `Cannot query field "nam" on type "User".`
 */
export function withoutSuggestions(errors: readonly GraphQLFormattedError[]): readonly GraphQLFormattedError[] {
  return errors.map((error) => {
    if (typeof error.extensions?.service !== 'string') return error;
    const at = error.message.search(/\bDid you mean\b/i);
    if (at < 0 || !OF_SCHEMA.test(error.message.slice(0, at))) return error;
    const before = error.message.slice(0, at).trimEnd();
    const shown = { ...error, message: before.endsWith('(') ? before.slice(0, -1).trimEnd() : before };
    rememberOriginal(shown, error);
    return shown;
  });
}
