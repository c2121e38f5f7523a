import type { ASTNode, GraphQLError } from 'graphql';
import type { Problem } from '../../config/problem.ts';

/** A problem at a place of a file: where `node` begins, or at the top. */
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

export function problemOf(file: string, error: GraphQLError, code: string, hint?: string): Problem {
  const place = error.locations?.[0];
  return { file, line: place?.line ?? 1, column: place?.column ?? 1, code, message: error.message, hint };
}
