import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  Kind,
  type NameNode,
  type SelectionSetNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import type { ServiceNames } from '../../services/names.ts';

/** A request in the names of the service. */
export interface RenamedRequest {
  readonly document: DocumentNode;
  /** Replaces the type names in a response by those of the graph, in place. Missing when no name of a type differs. */
  readonly restore: ((data: unknown) => void) | undefined;
}

export interface RequestNames {
  /** Type names of the graph, by those of the service. */
  readonly graphTypes: ReadonlyMap<string, string>;
  toService(document: DocumentNode): RenamedRequest;
}

/**
 * Returns a translator between the names of the graph and those of the service; `undefined` when no name differs. Aliases keep
 * the response keys of fields.
 *
 * In:  `{ bill(id: 1) { ...on BillingInvoice { total } } }`
 * Out: `{ bill: invoice(id: 1) { ...on Invoice { total } } }`
 */
export function requestNames(schema: GraphQLSchema, names: ServiceNames): RequestNames | undefined {
  if (names.types.size === 0 && names.fields.size === 0) return undefined;
  const graphTypes = new Map([...names.types].map(([known, service]) => [service, known]));
  return {
    graphTypes,
    toService: (document) => {
      const shape = graphTypes.size === 0 ? undefined : shapeOf(document);
      return {
        document: rename(document, schema, names),
        restore: shape && ((data) => void restore(data, shape, graphTypes)),
      };
    },
  };
}

function rename(document: DocumentNode, schema: GraphQLSchema, names: ServiceNames): DocumentNode {
  const info = new TypeInfo(schema);
  return visit(
    document,
    visitWithTypeInfo(info, {
      Field: {
        // Not on entering: `TypeInfo` would look for the selection below in the field of the new name.
        leave(node): FieldNode | undefined {
          const name = names.fields.get(`${info.getParentType()?.name}.${node.name.value}`);
          return name === undefined ? undefined : { ...node, name: named(name), alias: node.alias ?? node.name };
        },
      },
      NamedType: {
        leave(node) {
          const name = names.types.get(node.name.value);
          return name === undefined ? undefined : { ...node, name: named(name) };
        },
      },
    }),
  );
}

function named(value: string): NameNode {
  return { kind: Kind.NAME, value };
}

/** The places of `__typename` in a response: for each response key, `true` or the shape below it. */
type Shape = Map<string, Shape | true>;

function shapeOf(document: DocumentNode): Shape {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of document.definitions)
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  const shape: Shape = new Map();
  for (const node of document.definitions)
    if (node.kind === Kind.OPERATION_DEFINITION) addShape(shape, node.selectionSet, fragments);
  return shape;
}

function addShape(shape: Shape, set: SelectionSetNode, fragments: ReadonlyMap<string, FragmentDefinitionNode>): void {
  for (const node of set.selections) {
    if (node.kind === Kind.FIELD) {
      const key = node.alias?.value ?? node.name.value;
      if (node.name.value === '__typename') shape.set(key, true);
      if (!node.selectionSet) continue;
      const known = shape.get(key);
      const below: Shape = known === undefined || known === true ? new Map() : known;
      shape.set(key, below);
      addShape(below, node.selectionSet, fragments);
    } else {
      const inner = node.kind === Kind.INLINE_FRAGMENT ? node : fragments.get(node.name.value);
      if (inner) addShape(shape, inner.selectionSet, fragments);
    }
  }
}

function restore(value: unknown, shape: Shape, types: ReadonlyMap<string, string>): void {
  if (Array.isArray(value)) {
    for (const item of value) restore(item, shape, types);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const object = value as Record<string, unknown>;
  for (const [key, below] of shape) {
    const found = object[key];
    if (below !== true) restore(found, below, types);
    else if (typeof found === 'string') object[key] = types.get(found) ?? found;
  }
}
