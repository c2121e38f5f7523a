import { type ConstDirectiveNode, type ConstValueNode, type DocumentNode, Kind, visit } from 'graphql';
import type { DirectiveMistake } from './source-file.ts';

/** The argument with the requirements: alternatives, each a list of names. */
const ARGUMENTS: Readonly<Record<string, string>> = { requiresScopes: 'scopes', policy: 'policies' };

/**
 * Finds authorization directives that require nothing. Composition drops `@requiresScopes(scopes: [])` silently, and
 * every client has all names of an empty list, as in `[[]]`.
 * @param originalName returns the name in federation of a directive in the file
 */
export function emptyRequirements(document: DocumentNode, originalName: (local: string) => string): DirectiveMistake[] {
  const mistakes: DirectiveMistake[] = [];
  visit(document, {
    Directive(node) {
      const mistake = emptyRequirement(node as ConstDirectiveNode, originalName(node.name.value));
      if (mistake !== undefined) mistakes.push(mistake);
    },
  });
  return mistakes;
}

/**
 * Returns the mistake, where a directive requires nothing.
 * @param name the name of the directive in federation
 */
export function emptyRequirement(node: ConstDirectiveNode, name: string): DirectiveMistake | undefined {
  const argument = Object.hasOwn(ARGUMENTS, name) ? ARGUMENTS[name] : undefined;
  const value = node.arguments?.find((one) => one.name.value === argument)?.value;
  if (argument === undefined || value === undefined || !isEmpty(value)) return undefined;
  return {
    node,
    message: `@${node.name.value} has an empty list in "${argument}", which requires nothing: every client could read this.`,
    hint: `Name the requirements, as in @${node.name.value}(${argument}: [["orders:read"]]); or use @authenticated, or remove the directive.`,
  };
}

/**
 * Returns whether a list requires nothing: `[]`, `[[]]`, and also `[["a"], []]`, which one alternative makes empty.
 */
function isEmpty(value: ConstValueNode): boolean {
  if (value.kind !== Kind.LIST) return false;
  return value.values.length === 0 || value.values.some((item) => item.kind === Kind.LIST && item.values.length === 0);
}
