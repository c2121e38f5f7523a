import {
  type ASTVisitor,
  type DirectiveNode,
  GraphQLError,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  SingleFieldSubscriptionsRule,
  type ValidationContext,
} from 'graphql';
import { argumentOf } from './streamed-lists.ts';

/**
 * Validates that a subscription has one root field, and that this depends on no variable: it has to be known before the operation is
 * executed. The rule of GraphQL.js alone throws for a condition that is not `true` or `false`.
 * @see https://spec.graphql.org/September2025/#sec-Single-Root-Field
 */
export function subscriptionRootRule(context: ValidationContext): ASTVisitor {
  const { OperationDefinition: hasOneRoot } = SingleFieldSubscriptionsRule(context) as {
    readonly OperationDefinition: (node: OperationDefinitionNode) => void;
  };
  return {
    OperationDefinition(node) {
      if (node.operation !== 'subscription') return;
      const unknown = rootConditions(node.selectionSet, context).filter((one) => !isKnown(one));
      if (unknown.length === 0) return hasOneRoot(node);
      for (const directive of unknown) {
        const condition = argumentOf(directive, 'if');
        // other rules report what else is wrong with it
        if (condition?.kind !== Kind.VARIABLE) continue;
        const message = `The root field of a subscription must not depend on a variable: "$${condition.name.value}" of @${directive.name.value}.`;
        context.reportError(new GraphQLError(message, { nodes: directive }));
      }
    },
  };
}

/** Returns `@skip` and `@include` of root fields, and of fragments around them. */
function rootConditions(root: SelectionSetNode, context: ValidationContext): readonly DirectiveNode[] {
  const found: DirectiveNode[] = [];
  const seen = new Set<string>();
  const waiting = [root];
  for (let set = waiting.pop(); set !== undefined; set = waiting.pop())
    for (const selection of set.selections) {
      for (const one of selection.directives ?? []) if (CONDITIONS.has(one.name.value)) found.push(one);
      if (selection.kind === Kind.INLINE_FRAGMENT) waiting.push(selection.selectionSet);
      if (selection.kind !== Kind.FRAGMENT_SPREAD || seen.has(selection.name.value)) continue;
      seen.add(selection.name.value);
      const fragment = context.getFragment(selection.name.value);
      if (fragment) waiting.push(fragment.selectionSet);
    }
  return found;
}

const CONDITIONS: ReadonlySet<string> = new Set(['skip', 'include']);

function isKnown({ arguments: given = [] }: DirectiveNode): boolean {
  const conditions = given.filter(({ name }) => name.value === 'if');
  return conditions.length === 1 && conditions[0]?.value.kind === Kind.BOOLEAN;
}
