import type { ASTNode } from 'graphql';

/** Something in the schema file that cannot be; `node` is where. */
export interface ServiceProblem {
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
  readonly node: ASTNode | undefined;
}

export function serviceProblem(
  node: ASTNode | undefined,
  code: string,
  message: string,
  hint?: string,
): ServiceProblem {
  return { node, code, message, hint };
}
