import { type ConstDirectiveNode, type DocumentNode, Kind } from 'graphql';
import type { DirectiveMistake } from './source-file.ts';

const AUTHORIZATION = new Set(['authenticated', 'requiresScopes', 'policy']);

/**
 * Finds directives on interfaces that the composer drops silently: authorization on the extension of an interface,
 * and `@cost` on an interface object. Mistakes that the composer reports itself are left to it.
 * @param originalName returns the name in federation of a directive in the file
 */
export function interfaceMistakes(document: DocumentNode, originalName: (local: string) => string): DirectiveMistake[] {
  const interfaceObjects = new Set<string>();
  for (const node of document.definitions) {
    if (node.kind !== Kind.OBJECT_TYPE_DEFINITION && node.kind !== Kind.OBJECT_TYPE_EXTENSION) continue;
    const stands = node.directives?.some(({ name }) => originalName(name.value) === 'interfaceObject');
    if (stands) interfaceObjects.add(node.name.value);
  }
  return document.definitions.flatMap((node) => {
    if (node.kind === Kind.INTERFACE_TYPE_EXTENSION)
      return mistakesIn(node.directives, node.name.value, (name) => AUTHORIZATION.has(originalName(name)));
    const isObject = node.kind === Kind.OBJECT_TYPE_DEFINITION || node.kind === Kind.OBJECT_TYPE_EXTENSION;
    if (!isObject || !interfaceObjects.has(node.name.value)) return [];
    return mistakesIn(node.directives, node.name.value, (name) => originalName(name) === 'cost');
  });
}

function mistakesIn(
  directives: readonly ConstDirectiveNode[] | undefined,
  type: string,
  isWrong: (name: string) => boolean,
): DirectiveMistake[] {
  return (directives ?? [])
    .filter(({ name }) => isWrong(name.value))
    .map((node) => ({
      node,
      message: `@${node.name.value} has no effect on the interface "${type}".`,
      hint: 'Put it on the types that implement the interface, or on their fields.',
    }));
}
