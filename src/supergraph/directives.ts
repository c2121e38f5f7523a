import type { ConstDirectiveNode, ConstValueNode } from 'graphql';
import { Kind, valueFromASTUntyped } from 'graphql';

interface WithDirectives {
  readonly directives?: readonly ConstDirectiveNode[] | undefined;
}

/** Returns all uses of one directive, each as a plain object of its arguments; enum values are their names. */
export function directiveUses(node: WithDirectives, name: string): Record<string, unknown>[] {
  const uses: Record<string, unknown>[] = [];
  for (const directive of node.directives ?? []) {
    if (directive.name.value !== name) continue;
    const use: Record<string, unknown> = {};
    for (const argument of directive.arguments ?? []) use[argument.name.value] = readConstValue(argument.value);
    uses.push(use);
  }
  return uses;
}

/** The arguments of one use of a directive. */
export type DirectiveArguments = Readonly<Record<string, unknown>>;

/** The directives on a type or field: name in its specification → every use, in order. */
export type AppliedDirectives = ReadonlyMap<string, readonly DirectiveArguments[]>;

const NONE_APPLIED: AppliedDirectives = new Map();

/**
 * Returns the directives of known specifications on a node.
 * @param names name in the document → name in the specification
 */
export function appliedDirectives(node: WithDirectives, names: ReadonlyMap<string, string>): AppliedDirectives {
  const applied = new Map<string, readonly DirectiveArguments[]>();
  for (const { name } of node.directives ?? []) {
    const known = names.get(name.value);
    if (known !== undefined && !applied.has(known)) applied.set(known, directiveUses(node, name.value));
  }
  return applied.size === 0 ? NONE_APPLIED : applied;
}

/** Returns whether a node has a directive. */
export function hasDirective(node: WithDirectives, name: string): boolean {
  return node.directives?.some((directive) => directive.name.value === name) ?? false;
}

/** Returns a value if it is a string. */
export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function readConstValue(node: ConstValueNode): unknown {
  return node.kind === Kind.ENUM ? node.value : valueFromASTUntyped(node);
}
