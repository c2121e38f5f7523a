import type { DocumentNode } from 'graphql';
import { Kind, visit } from 'graphql';
import { argumentOf } from './streamed-lists.ts';

/** Returns the names of the variables in the conditions of `@skip`, `@include`, `@defer` and `@stream` anywhere in a document, sorted. */
export function conditionVariables(document: DocumentNode): readonly string[] {
  const names = new Set<string>();
  visit(document, {
    Directive(node) {
      if (!CONDITIONAL.has(node.name.value)) return;
      const value = node.arguments?.find(({ name }) => name.value === 'if')?.value;
      if (value?.kind === Kind.VARIABLE) names.add(value.name.value);
    },
  });
  return [...names].sort();
}

/** Returns the names of the variables that are the `initialCount` of a `@stream`. */
export function initialCountVariables(document: DocumentNode): readonly string[] {
  const names = new Set<string>();
  visit(document, {
    Directive(node) {
      if (node.name.value !== 'stream') return;
      const value = argumentOf(node, 'initialCount');
      if (value?.kind === Kind.VARIABLE) names.add(value.name.value);
    },
  });
  return [...names];
}

const CONDITIONAL: ReadonlySet<string> = new Set(['skip', 'include', 'defer', 'stream']);
