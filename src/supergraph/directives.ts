import type { ConstDirectiveNode, ConstValueNode } from 'graphql';
import { Kind, valueFromASTUntyped } from 'graphql';

interface WithDirectives {
  readonly directives?: readonly ConstDirectiveNode[] | undefined;
}

/** All uses of one directive, each as a plain object of its arguments; enum values are their names. */
export function directiveUses(node: WithDirectives, name: string): Record<string, unknown>[] {
  const uses: Record<string, unknown>[] = [];
  for (const directive of node.directives ?? []) {
    if (directive.name.value !== name) continue;
    const use: Record<string, unknown> = {};
    for (const argument of directive.arguments ?? []) use[argument.name.value] = constValue(argument.value);
    uses.push(use);
  }
  return uses;
}

export function hasDirective(node: WithDirectives, name: string): boolean {
  return node.directives?.some((directive) => directive.name.value === name) ?? false;
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function constValue(node: ConstValueNode): unknown {
  return node.kind === Kind.ENUM ? node.value : valueFromASTUntyped(node);
}
