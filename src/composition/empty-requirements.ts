import { type ConstDirectiveNode, type ConstValueNode, type DocumentNode, Kind, visit } from 'graphql';
import type { DirectiveMistake } from './source-file.ts';

/** The argument that lists what a client needs: alternatives, each a list of names. */
const ARGUMENTS: Readonly<Record<string, string>> = { requiresScopes: 'scopes', policy: 'policies' };

/**
 * Finds directives of authorization that ask for nothing: composition drops `@requiresScopes(scopes: [])` without a word, and
 * everybody has all names of an empty list, as in `[[]]`.
 * @param meaning the directive of federation that a name in the file means
 */
export function emptyRequirements(document: DocumentNode, meaning: (local: string) => string): DirectiveMistake[] {
  const mistakes: DirectiveMistake[] = [];
  visit(document, {
    Directive(node) {
      const mistake = emptyRequirement(node as ConstDirectiveNode, meaning(node.name.value));
      if (mistake !== undefined) mistakes.push(mistake);
    },
  });
  return mistakes;
}

/** @param name the directive of federation that this is */
export function emptyRequirement(node: ConstDirectiveNode, name: string): DirectiveMistake | undefined {
  const argument = Object.hasOwn(ARGUMENTS, name) ? ARGUMENTS[name] : undefined;
  const value = node.arguments?.find((one) => one.name.value === argument)?.value;
  if (argument === undefined || value === undefined || !isEmpty(value)) return undefined;
  return {
    node,
    message: `@${node.name.value} has an empty list in "${argument}", which asks for nothing: everybody could read this.`,
    hint: `Name what is needed, as in @${node.name.value}(${argument}: [["orders:read"]]); or use @authenticated, or remove the directive.`,
  };
}

/** `[]` and `[[]]`, and `[["a"], []]`, which is the latter. */
function isEmpty(value: ConstValueNode): boolean {
  if (value.kind !== Kind.LIST) return false;
  return value.values.length === 0 || value.values.some((item) => item.kind === Kind.LIST && item.values.length === 0);
}
