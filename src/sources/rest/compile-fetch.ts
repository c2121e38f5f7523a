import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLField,
  GraphQLIncludeDirective,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  GraphQLSkipDirective,
  getArgumentValues,
  getDirectiveValues,
  getNamedType,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { isObject, type Json, property } from '../../connectors/mapping/json.ts';
import { type ConnectorModel, lookupsWithin } from '../../connectors/resolvable-fields.ts';
import { type CompiledField, leaf, listOf, nonNull, selectFields } from './complete-value.ts';
import { type Complete, ignore } from './fetch-run.ts';
import { addMissingFields, type SelectedFields } from './missing-fields.ts';
import {
  connectedField,
  entitiesField,
  type FieldUse,
  objectWithin,
  ownProperty,
  type Resolve,
} from './resolve-field.ts';
import { type Fragments, selectedFieldsOf } from './selected-fields.ts';

/** A compiled document of the gateway. */
export interface CompiledFetch {
  readonly operation: OperationDefinitionNode;
  /** Returns the root fields for coerced variables. Throws `GraphQLError`. */
  fieldsFor(variables: Record<string, unknown>): readonly CompiledField[];
}

/**
 * Compiles a document into functions that take the response of an API apart, and build the result of the fetch from it: with the
 * keys, checks and errors of the GraphQL specification, but without promises or closures for each object.
 * @param readsVariables whether it has `@skip` or `@include`, so that it is compiled anew for each set of variables
 * @see https://spec.graphql.org/October2021/#sec-Executing-Operations
 */
export function compileFetch(
  schema: GraphQLSchema,
  model: ConnectorModel,
  document: DocumentNode,
  readsVariables: boolean,
): CompiledFetch {
  const fragments: Record<string, FragmentDefinitionNode> = {};
  let operation: OperationDefinitionNode | undefined;
  for (const node of document.definitions) {
    if (node.kind === Kind.OPERATION_DEFINITION) operation = node;
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments[node.name.value] = node;
  }
  const root = operation && schema.getRootType(operation.operation);
  if (!operation || !root) throw new GraphQLError('The schema has no root type for this operation.');
  const { selectionSet } = operation;
  const compile = (variables: Record<string, unknown>) =>
    new FetchCompiler(schema, model, fragments, variables).fields(root, [selectionSet]);
  if (readsVariables) return { operation, fieldsFor: compile };
  const fields = compile({});
  return { operation, fieldsFor: () => fields };
}

class FetchCompiler {
  readonly #schema: GraphQLSchema;
  readonly #model: ConnectorModel;
  readonly #fragments: Fragments;
  readonly #variables: Record<string, unknown>;

  constructor(schema: GraphQLSchema, model: ConnectorModel, fragments: Fragments, variables: Record<string, unknown>) {
    this.#schema = schema;
    this.#model = model;
    this.#fragments = fragments;
    this.#variables = variables;
  }

  /** Compiles the fields that selections have for objects of a type. */
  fields(type: GraphQLObjectType, sets: readonly SelectionSetNode[]): CompiledField[] {
    const nodes = new Map<string, FieldNode[]>();
    const spread = new Set<string>();
    for (const set of sets) this.#collect(type, set, nodes, spread);
    return [...nodes].flatMap(([key, own]) => this.#field(type, key, own) ?? []);
  }

  #collect(type: GraphQLObjectType, set: SelectionSetNode, found: Map<string, FieldNode[]>, spread: Set<string>): void {
    for (const node of set.selections) {
      if (!this.#isIncluded(node)) continue;
      if (node.kind === Kind.FIELD) {
        const key = node.alias?.value ?? node.name.value;
        const known = found.get(key);
        if (known === undefined) found.set(key, [node]);
        else known.push(node);
        continue;
      }
      if (node.kind === Kind.FRAGMENT_SPREAD) {
        if (spread.has(node.name.value)) continue;
        spread.add(node.name.value);
      }
      const fragment = node.kind === Kind.INLINE_FRAGMENT ? node : this.#fragments[node.name.value];
      if (fragment && this.#applies(fragment.typeCondition?.name.value, type))
        this.#collect(type, fragment.selectionSet, found, spread);
    }
  }

  #isIncluded(node: SelectionSetNode['selections'][number]): boolean {
    if (node.directives === undefined || node.directives.length === 0) return true;
    const skip = getDirectiveValues(GraphQLSkipDirective, node, this.#variables);
    const include = getDirectiveValues(GraphQLIncludeDirective, node, this.#variables);
    return skip?.if !== true && include?.if !== false;
  }

  #applies(condition: string | undefined, type: GraphQLObjectType): boolean {
    if (condition === undefined || condition === type.name) return true;
    const named = this.#schema.getType(condition);
    return isAbstractType(named) && this.#schema.isSubType(named, type);
  }

  #field(parent: GraphQLObjectType, key: string, nodes: readonly FieldNode[]): CompiledField | undefined {
    const name = (nodes[0] as FieldNode).name.value;
    if (name === '__typename') {
      return { key, isNonNull: true, resolve: () => parent.name, complete: (value) => value };
    }
    const field = parent.getFields()[name];
    if (field === undefined) return undefined;
    const wanted = selectedFieldsOf(this.#model, nodes, this.#fragments);
    const { resolve, isWhole } = this.#resolver(parent, field, nodes, wanted);
    const hydration = isWhole ? undefined : wanted;
    const complete = this.#completer(field.type, { coordinate: `${parent.name}.${name}`, nodes, wanted: hydration });
    return { key, isNonNull: isNonNullType(field.type), resolve, complete };
  }

  /** Returns how a field gets its value, and whether its objects are whole: no look-ups are to complete them. */
  #resolver(
    parent: GraphQLObjectType,
    field: GraphQLField<unknown, unknown>,
    nodes: readonly FieldNode[],
    wanted: SelectedFields,
  ): { readonly resolve: Resolve; readonly isWhole: boolean } {
    const model = this.#model;
    const { name } = field;
    const node = nodes[0] as FieldNode;
    const use: FieldUse = {
      name,
      typeName: getNamedType(field.type).name,
      isNonNull: isNonNullType(field.type),
      wanted,
      isLazy: !nodes.some(({ selectionSet }) => this.#hasConnectors(selectionSet)),
      argsOf: ({ shared }) => getArgumentValues(field, node, shared.variables) as Record<string, Json>,
    };
    const connectors = model.byCoordinate.get(`${parent.name}.${name}`);
    if (name === '_entities' && parent.name === model.schema.query)
      return { resolve: entitiesField(model, use), isWhole: true };
    if (connectors !== undefined) return { resolve: connectedField(connectors, use), isWhole: false };
    const within = isLeafType(getNamedType(field.type)) ? [] : lookupsWithin(model, parent.name, name);
    if (within.length > 0) return { resolve: objectWithin(model, within, use), isWhole: true };
    return { resolve: ownProperty(name), isWhole: false };
  }

  /** Returns whether a selection has a field with a connector, which may read the object around it. */
  #hasConnectors(set: SelectionSetNode | undefined): boolean {
    return (set?.selections ?? []).some((node) => {
      if (node.kind === Kind.FRAGMENT_SPREAD)
        return this.#hasConnectors(this.#fragments[node.name.value]?.selectionSet);
      if (node.kind === Kind.FIELD && this.#connected().has(node.name.value)) return true;
      return this.#hasConnectors(node.selectionSet);
    });
  }

  /** Returns the names of fields with connectors, of any type. */
  #connected(): ReadonlySet<string> {
    let names = CONNECTED.get(this.#model);
    if (names === undefined) {
      names = new Set([...this.#model.byCoordinate.keys()].map((coordinate) => coordinate.split('.')[1] ?? ''));
      CONNECTED.set(this.#model, names);
    }
    return names;
  }

  #completer(type: GraphQLOutputType, place: Place): Complete {
    if (isNonNullType(type)) return nonNull(this.#completer(type.ofType, place), place.coordinate);
    if (isListType(type)) {
      const complete = this.#completer(type.ofType, place);
      return listOf({ complete, areNonNull: isNonNullType(type.ofType), coordinate: place.coordinate });
    }
    if (isLeafType(type)) return leaf(type);
    const complete = isObjectType(type) ? this.#object(type, place) : this.#abstract(type, place);
    return this.#hydrated(type, complete, place.wanted);
  }

  #object(type: GraphQLObjectType, { nodes }: Place): Complete {
    let fields: readonly CompiledField[] | undefined;
    return (value, run, depth) => {
      if (!isObject(value)) throw new GraphQLError(`Expected an object of type "${type.name}".`);
      fields ??= this.fields(
        type,
        nodes.flatMap(({ selectionSet }) => selectionSet ?? []),
      );
      return selectFields(fields, value, run, depth);
    };
  }

  #abstract(type: GraphQLNamedType, place: Place): Complete {
    const byName = new Map<string, Complete>();
    return (value, run, depth) => {
      const name = property(value, '__typename');
      const runtimeName = typeof name === 'string' ? name : undefined;
      let complete = runtimeName === undefined ? undefined : byName.get(runtimeName);
      if (complete === undefined) {
        complete = this.#object(this.#runtimeType(type, runtimeName, place.coordinate), place);
        byName.set(runtimeName as string, complete);
      }
      return complete(value, run, depth);
    };
  }

  #runtimeType(type: GraphQLNamedType, name: string | undefined, coordinate: string): GraphQLObjectType {
    if (name === undefined) {
      throw new GraphQLError(
        `Abstract type "${type.name}" must resolve to an Object type at runtime for field "${coordinate}". Either the "${type.name}" type should provide a "resolveType" function or each possible type should provide an "isTypeOf" function.`,
      );
    }
    const runtime = this.#schema.getType(name);
    const about = `Abstract type "${type.name}" was resolved to`;
    if (runtime === undefined)
      throw new GraphQLError(`${about} a type "${name}" that does not exist inside the schema.`);
    if (!isObjectType(runtime)) throw new GraphQLError(`${about} a non-object type "${name}".`);
    if (!isAbstractType(type) || !this.#schema.isSubType(type, runtime))
      throw new GraphQLError(`Runtime Object type "${name}" is not a possible type for "${type.name}".`);
    return runtime;
  }

  /** Returns a completer that first looks up the selected fields that an object lacks, and that accepts null. */
  #hydrated(type: GraphQLNamedType, complete: Complete, wanted: SelectedFields | undefined): Complete {
    const model = this.#model;
    const possible = [...(model.schema.types.get(type.name)?.possible ?? [type.name])];
    const looksUp = wanted !== undefined && possible.some((name) => model.lookups.has(name));
    const orNull: Complete = (value, run, depth) =>
      value === undefined || value === null ? null : complete(value, run, depth);
    if (!looksUp) return orNull;
    return (value, run, depth) => {
      const whole = addMissingFields(model, run.shared.context, type.name, value, wanted);
      if (!(whole instanceof Promise)) return orNull(whole, run, depth);
      run.shared.looksUp = true;
      const own = run.fork(depth);
      const completed = whole.then((found) => orNull(found, own, depth));
      completed.catch(ignore);
      return completed;
    };
  }
}

/** Where a value is. */
interface Place {
  readonly coordinate: string;
  readonly nodes: readonly FieldNode[];
  /** What is selected, if look-ups may complete its objects. */
  readonly wanted: SelectedFields | undefined;
}

const CONNECTED = new WeakMap<ConnectorModel, ReadonlySet<string>>();
