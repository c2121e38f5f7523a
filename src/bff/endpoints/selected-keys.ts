import type {
  DocumentNode,
  FieldNode,
  FragmentDefinitionNode,
  GraphQLField,
  GraphQLInterfaceType,
  GraphQLNamedType,
  GraphQLObjectType,
  GraphQLSchema,
  SelectionSetNode,
} from 'graphql';
import { isAbstractType, isObjectType, Kind } from 'graphql';
import { directiveNamed } from './directives.ts';

/** A key of an object in a response. */
export interface SelectedKey {
  readonly nodes: FieldNode[];
  /** `undefined` for `__typename`. */
  readonly field: GraphQLField<unknown, unknown> | undefined;
  /** Whether `@skip` or `@include` applies to it, so that some responses do not have it. */
  conditional: boolean;
}

export type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

/** The schema and fragments that selections are resolved with. */
export interface SelectionContext {
  readonly schema: GraphQLSchema;
  readonly fragments: Fragments;
}

/** Returns the fragments of a document by name. */
export function fragmentsOf(document: DocumentNode): Fragments {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of document.definitions)
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  return fragments;
}

/** Returns the keys of an object of this type with their fields, one level deep. */
export function selectedKeys(
  sets: readonly SelectionSetNode[],
  type: GraphQLObjectType | GraphQLInterfaceType,
  context: SelectionContext,
): Map<string, SelectedKey> {
  const keys = new Map<string, SelectedKey>();
  for (const set of sets) collect(keys, set, type, false, context);
  return keys;
}

function collect(
  keys: Map<string, SelectedKey>,
  set: SelectionSetNode,
  type: GraphQLObjectType | GraphQLInterfaceType,
  conditional: boolean,
  context: SelectionContext,
): void {
  for (const selection of set.selections) {
    const here = conditional || isConditional(selection);
    if (selection.kind === Kind.FIELD) {
      const name = (selection.alias ?? selection.name).value;
      const existing = keys.get(name);
      if (existing === undefined) {
        keys.set(name, { nodes: [selection], field: type.getFields()[selection.name.value], conditional: here });
      } else {
        existing.nodes.push(selection);
        existing.conditional &&= here;
      }
      continue;
    }
    const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? context.fragments.get(selection.name.value) : selection;
    if (fragment && applies(fragment.typeCondition?.name.value, type, context.schema))
      collect(keys, fragment.selectionSet, type, here, context);
  }
}

function isConditional(node: Parameters<typeof directiveNamed>[0]): boolean {
  return directiveNamed(node, 'skip') !== undefined || directiveNamed(node, 'include') !== undefined;
}

function applies(
  condition: string | undefined,
  type: GraphQLObjectType | GraphQLInterfaceType,
  schema: GraphQLSchema,
): boolean {
  if (condition === undefined || condition === type.name) return true;
  const abstract = schema.getType(condition);
  return isAbstractType(abstract) && schema.isSubType(abstract, type);
}

/** Returns the possible object types of a type; none for a leaf type. */
export function objectTypesOf(type: GraphQLNamedType, { schema }: SelectionContext): readonly GraphQLObjectType[] {
  if (isObjectType(type)) return [type];
  return isAbstractType(type) ? schema.getPossibleTypes(type) : [];
}

/** Returns whether objects of these types have different keys. */
export function selectDifferently(
  types: readonly GraphQLObjectType[],
  sets: readonly SelectionSetNode[],
  context: SelectionContext,
): boolean {
  const [first, ...rest] = types.map((type) => selectedKeys(sets, type, context));
  return first !== undefined && rest.some((keys) => !areSame(first, keys));
}

/** Returns whether two objects have the same keys, selected by the same nodes. */
export function areSame(a: ReadonlyMap<string, SelectedKey>, b: ReadonlyMap<string, SelectedKey>): boolean {
  if (a.size !== b.size) return false;
  return [...a].every(([name, { nodes, conditional }]) => {
    const other = b.get(name);
    if (other === undefined || other.conditional !== conditional) return false;
    return other.nodes.length === nodes.length && other.nodes.every((node, i) => node === nodes[i]);
  });
}
