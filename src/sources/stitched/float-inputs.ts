import { type DocumentNode, Kind, type NamedTypeNode, visit } from 'graphql';

/**
 * Stitching turns arguments of the type `Float` into JavaScript numbers, which lose digits. So the arguments of its schema are
 * of a scalar that it does not know, and requests of the service have the type's own name again.
 */
const STAND_IN = 'headgate__Float';

/** Puts the stand-in in the place of `Float` in arguments and input fields. */
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

/** Gives the variables of a request their own types again. */
export function withoutFloatStandIn(document: DocumentNode): DocumentNode {
  return visit(document, {
    SelectionSet: () => false,
    NamedType: (type) => (type.name.value === STAND_IN ? named('Float') : undefined),
  });
}

function named(value: string): NamedTypeNode {
  return { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value } };
}
