import { type ASTNode, type DefinitionNode, type DocumentNode, Kind } from 'graphql';

const COORDINATE = /^(@?)([_A-Za-z]\w*)(?:\.([_A-Za-z]\w*)(?:\(([_A-Za-z]\w*):\))?)?$/;

/**
 * Finds the node that a schema coordinate names: `Type`, `Type.field`, `Type.field(arg:)`, `Enum.VALUE`,
 * `@directive`. Searches every definition and extension of a type for a field.
 * @see https://spec.graphql.org/September2025/#sec-Schema-Coordinates
 */
export function locate(document: DocumentNode, coordinate: string): ASTNode | undefined {
  const [, at, typeName, memberName, argName] = COORDINATE.exec(coordinate) ?? [];
  if (typeName === undefined) return undefined;
  for (const definition of document.definitions) {
    if (!('name' in definition) || definition.name?.value !== typeName) continue;
    if ((definition.kind === Kind.DIRECTIVE_DEFINITION) !== (at === '@')) continue;
    if (memberName === undefined) return definition.name;
    const member = membersOf(definition).find((candidate) => candidate.name.value === memberName);
    if (member === undefined) continue;
    if (argName === undefined) return member;
    const args = 'arguments' in member ? member.arguments : undefined;
    return args?.find((arg) => arg.name.value === argName) ?? member;
  }
  return undefined;
}

function membersOf(definition: DefinitionNode) {
  if ('fields' in definition) return definition.fields ?? [];
  if ('values' in definition) return definition.values ?? [];
  return [];
}
