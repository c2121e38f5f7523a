import type {
  DocumentNode,
  FieldNode,
  FragmentDefinitionNode,
  GraphQLNamedType,
  GraphQLSchema,
  SelectionSetNode,
} from 'graphql';
import { getNamedType, isAbstractType, isCompositeType, isInterfaceType, isObjectType, Kind } from 'graphql';

/** The objects in a response's data that have an id, with their types. */
export interface EntityPlaces {
  /** Possible types of the object. */
  readonly types: readonly string[];
  /** The response key of `id`, where it is selected. */
  readonly idKey: string | undefined;
  /** The response key of `__typename`, where it is selected. */
  readonly typeKey: string | undefined;
  readonly children: ReadonlyMap<string, EntityPlaces>;
  /** Variable of this field's `id` argument. It identifies the entity even where `id` is not selected. */
  readonly idVariable: string | undefined;
}

/** Limit of tags. A response with more entities is purged by its endpoint's tag, or expires. */
const MAX_TAGS = 1_000;

/** Returns where an operation selects entities. */
export function entityPlaces(document: DocumentNode, schema: GraphQLSchema): EntityPlaces {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of document.definitions)
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  const operation = document.definitions.find((node) => node.kind === Kind.OPERATION_DEFINITION);
  const root = operation && schema.getRootType(operation.operation);
  const place = newPlace([]);
  if (operation && root) collect(place, operation.selectionSet, root, { schema, fragments });
  return place;
}

interface MutablePlaces extends EntityPlaces {
  types: string[];
  idKey: string | undefined;
  typeKey: string | undefined;
  idVariable: string | undefined;
  children: Map<string, MutablePlaces>;
}

interface SchemaContext {
  readonly schema: GraphQLSchema;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
}

function newPlace(types: string[]): MutablePlaces {
  return { types, idKey: undefined, typeKey: undefined, idVariable: undefined, children: new Map() };
}

function collect(into: MutablePlaces, set: SelectionSetNode, type: GraphQLNamedType, context: SchemaContext): void {
  for (const selection of set.selections) {
    if (selection.kind === Kind.FIELD) collectField(into, selection, type, context);
    else {
      const fragment =
        selection.kind === Kind.FRAGMENT_SPREAD ? context.fragments.get(selection.name.value) : selection;
      const condition = fragment?.typeCondition?.name.value;
      const inner = condition === undefined ? type : context.schema.getType(condition);
      if (fragment && inner) collect(into, fragment.selectionSet, inner, context);
    }
  }
}

function collectField(into: MutablePlaces, node: FieldNode, type: GraphQLNamedType, context: SchemaContext): void {
  const key = (node.alias ?? node.name).value;
  if (node.name.value === '__typename') into.typeKey = key;
  if (node.name.value === 'id') into.idKey = key;
  if (!node.selectionSet || !(isObjectType(type) || isInterfaceType(type))) return;
  const output = type.getFields()[node.name.value]?.type;
  const inner = output && getNamedType(output);
  if (inner === undefined || !isCompositeType(inner)) return;
  const possible = isAbstractType(inner) ? context.schema.getPossibleTypes(inner) : [inner];
  const place = into.children.get(key) ?? newPlace(possible.map(({ name }) => name));
  into.children.set(key, place);
  const id = node.arguments?.find(({ name }) => name.value === 'id')?.value;
  if (id?.kind === Kind.VARIABLE) place.idVariable = id.name.value;
  collect(place, node.selectionSet, inner, context);
}

/**
 * Returns the tags of all entities in a response, such as `Product:p7`. Without `__typename`, an entity of an abstract type
 * has one tag for each possible type.
 */
export function entityTags(
  places: EntityPlaces,
  data: unknown,
  variables: Readonly<Record<string, unknown>>,
): string[] {
  const tags = new Set<string>();
  gather(places, data, variables, tags);
  return [...tags];
}

function gather(
  place: EntityPlaces,
  value: unknown,
  variables: Readonly<Record<string, unknown>>,
  tags: Set<string>,
): void {
  if (Array.isArray(value)) for (const item of value) gather(place, item, variables, tags);
  const requestedId = place.idVariable === undefined ? undefined : variables[place.idVariable];
  if (requestedId !== undefined && requestedId !== null)
    for (const type of place.types) tags.add(`${type}:${requestedId}`);
  if (typeof value !== 'object' || value === null || Array.isArray(value) || tags.size > MAX_TAGS) return;
  const object = value as Readonly<Record<string, unknown>>;
  const id = place.idKey === undefined ? undefined : object[place.idKey];
  const type = place.typeKey === undefined ? undefined : object[place.typeKey];
  if (id !== undefined && id !== null)
    for (const name of typeof type === 'string' ? [type] : place.types) tags.add(`${name}:${id}`);
  for (const [key, child] of place.children) gather(child, object[key], variables, tags);
}
