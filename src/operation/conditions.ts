import type { DocumentNode } from 'graphql';
import { Kind, visit } from 'graphql';

/** Returns the names of the variables in the conditions of `@skip`, `@include` and `@defer` anywhere in a document, sorted. */
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

const CONDITIONAL: ReadonlySet<string> = new Set(['skip', 'include', 'defer']);
