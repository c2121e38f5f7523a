import type { ASTNode, GraphQLError } from 'graphql';
import type { Problem } from '../../config/problem.ts';

/** Creates a problem at the start of `node`, or at the start of the file. */
export function problemAt(
  file: string,
  node: ASTNode | undefined,
  code: string,
  message: string,
  hint?: string,
): Problem {
  const start = node?.loc?.startToken;
  return { file, line: start?.line ?? 1, column: start?.column ?? 1, code, message, hint };
}

/** Creates a problem from a GraphQL error. */
export function problemOf(file: string, error: GraphQLError, code: string, hint?: string): Problem {
  const place = error.locations?.[0];
  return { file, line: place?.line ?? 1, column: place?.column ?? 1, code, message: error.message, hint };
}
