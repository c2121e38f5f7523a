import { type ASTVisitor, type DirectiveNode, GraphQLError, Kind, type ValidationContext, visit } from 'graphql';

/**
 * Validates the labels of `@defer`: each is a text in the document, and there are no two alike.
 * @see https://github.com/graphql/defer-stream-wg/blob/main/README.md
 */
export function deferLabelRule(context: ValidationContext): ASTVisitor {
  const labels = new Set<string>();
  return {
    Directive(node) {
      if (node.name.value !== 'defer') return;
      const argument = node.arguments?.find(({ name }) => name.value === 'label');
      if (argument === undefined || argument.value.kind === Kind.NULL) return;
      const { value } = argument;
      const report = (message: string) => context.reportError(new GraphQLError(message, { nodes: argument }));
      if (value.kind === Kind.VARIABLE) report('The label of @defer must not be a variable.');
      if (value.kind !== Kind.STRING) return;
      if (labels.has(value.value)) report(`There are several @defer with the label "${value.value}".`);
      labels.add(value.value);
    },
  };
}

/** Validates that no `@defer` is on root fields of a mutation or subscription. */
export function deferRootRule(context: ValidationContext): ASTVisitor {
  const schema = context.getSchema();
  return {
    Directive(node) {
      const parent = context.getParentType();
      if (node.name.value !== 'defer' || !parent) return;
      const kind = parent === schema.getMutationType() ? 'mutation' : 'subscription';
      if (kind === 'subscription' && parent !== schema.getSubscriptionType()) return;
      context.reportError(new GraphQLError(`@defer cannot be used on root fields of a ${kind}.`, { nodes: node }));
    },
  };
}

/** Validates that no `@defer` is active in a subscription, where each event is one result. */
export function deferInSubscriptionRule(context: ValidationContext): ASTVisitor {
  const check = (node: DirectiveNode) => {
    if (node.name.value !== 'defer') return;
    const condition = node.arguments?.find(({ name }) => name.value === 'if')?.value;
    if (condition?.kind === Kind.VARIABLE || (condition?.kind === Kind.BOOLEAN && !condition.value)) return;
    const message = '@defer is not supported in subscriptions. Remove it, or disable it with "if: false".';
    context.reportError(new GraphQLError(message, { nodes: node }));
  };
  return {
    OperationDefinition(node) {
      if (node.operation !== 'subscription') return;
      visit(node, { Directive: check });
      for (const fragment of context.getRecursivelyReferencedFragments(node)) visit(fragment, { Directive: check });
    },
  };
}
