import type { ASTNode } from 'graphql';

/** Something in the schema file that cannot be; `node` is where. */
export interface Mistake {
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
  readonly node: ASTNode | undefined;
}

export function mistake(node: ASTNode | undefined, code: string, message: string, hint?: string): Mistake {
  return { node, code, message, hint };
}
