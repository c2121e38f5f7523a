import {
  type ASTVisitor,
  type DirectiveNode,
  GraphQLError,
  getNullableType,
  isListType,
  Kind,
  type ValidationContext,
  visit,
} from 'graphql';
import { argumentOf } from './streamed-lists.ts';

/** The directives of incremental delivery. */
const INCREMENTAL: ReadonlySet<string> = new Set(['defer', 'stream']);

/**
 * Validates the labels of `@defer` and `@stream`: each is a text in the document, and there are no two alike.
 * @see https://github.com/graphql/defer-stream-wg/blob/main/README.md
 */
export function deferLabelRule(context: ValidationContext): ASTVisitor {
  const labels = new Set<string>();
  return {
    Directive(node) {
      const name = node.name.value;
      if (!INCREMENTAL.has(name)) return;
      const argument = node.arguments?.find((one) => one.name.value === 'label');
      if (argument === undefined || argument.value.kind === Kind.NULL) return;
      const { value } = argument;
      const report = (message: string) => context.reportError(new GraphQLError(message, { nodes: argument }));
      if (value.kind === Kind.VARIABLE) report(`The label of @${name} must not be a variable.`);
      if (value.kind !== Kind.STRING) return;
      if (labels.has(value.value)) report(`There are several @defer or @stream with the label "${value.value}".`);
      labels.add(value.value);
    },
  };
}

/** Validates that no `@defer` or `@stream` is on root fields of a mutation or subscription. */
export function deferRootRule(context: ValidationContext): ASTVisitor {
  const schema = context.getSchema();
  return {
    Directive(node) {
      const name = node.name.value;
      const parent = context.getParentType();
      if (!INCREMENTAL.has(name) || !parent) return;
      const kind = parent === schema.getMutationType() ? 'mutation' : 'subscription';
      if (kind === 'subscription' && parent !== schema.getSubscriptionType()) return;
      context.reportError(new GraphQLError(`@${name} cannot be used on root fields of a ${kind}.`, { nodes: node }));
    },
  };
}

/** Validates that no `@defer` or `@stream` is active in a subscription, where each event is one result. */
export function deferInSubscriptionRule(context: ValidationContext): ASTVisitor {
  const check = (node: DirectiveNode) => {
    const name = node.name.value;
    if (!INCREMENTAL.has(name)) return;
    const condition = argumentOf(node, 'if');
    if (condition?.kind === Kind.VARIABLE || (condition?.kind === Kind.BOOLEAN && !condition.value)) return;
    const message = `@${name} is not supported in subscriptions. Remove it, or disable it with "if: false".`;
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

/** Validates that `@stream` is on lists, and that its `initialCount` is not negative. */
export function streamOnListRule(context: ValidationContext): ASTVisitor {
  return {
    Directive(node) {
      if (node.name.value !== 'stream') return;
      const field = context.getFieldDef();
      const report = (message: string) => context.reportError(new GraphQLError(message, { nodes: node }));
      if (field && !isListType(getNullableType(field.type)))
        report(`@stream is for lists, but "${field.name}" is of the type ${field.type}.`);
      const count = argumentOf(node, 'initialCount');
      if (count?.kind === Kind.INT && Number(count.value) < 0)
        report(`The initialCount of @stream is ${count.value}; expected 0 or more.`);
    },
  };
}
