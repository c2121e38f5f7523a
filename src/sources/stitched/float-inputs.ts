import { type DocumentNode, Kind, type NamedTypeNode, visit } from 'graphql';

/**
 * Stitching turns arguments of type `Float` into JavaScript numbers, which lose digits. So its schema uses an unknown scalar for
 * these arguments, and requests to the service use `Float` again.
 */
const STAND_IN = 'headgate__Float';

/** Replaces `Float` by the stand-in in arguments and input fields. */
export function withFloatStandIn(document: DocumentNode): DocumentNode {
  let found = false;
  const changed = visit(document, {
    InputValueDefinition: (node) =>
      visit(node, {
        Directive: () => false,
        NamedType(type) {
          if (type.name.value !== 'Float') return undefined;
          found = true;
          return named(STAND_IN);
        },
      }),
  });
  if (!found) return document;
  const scalar = { kind: Kind.SCALAR_TYPE_DEFINITION, name: named(STAND_IN).name } as const;
  return { ...changed, definitions: [...changed.definitions, scalar] };
}

/** Restores the type `Float` of variables in a request. */
export function withoutFloatStandIn(document: DocumentNode): DocumentNode {
  return visit(document, {
    SelectionSet: () => false,
    NamedType: (type) => (type.name.value === STAND_IN ? named('Float') : undefined),
  });
}

function named(value: string): NamedTypeNode {
  return { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value } };
}
