import {
  type DefinitionNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  Kind,
  type NameNode,
  type OperationDefinitionNode,
  parseType,
  type TypeNode,
  type VariableDefinitionNode,
} from 'graphql';
import type { Service } from '../../services/service.ts';

/**
 * A generated field that takes many keys for each look-up of one object, so that stitching batches its keys as it does for a list
 * look-up. The service does not have that field: a request expands it into one alias for each key.
 *
 * In:  `query($keys: …) { lookUpMany_user(keys: $keys) { name } }` with `{"keys": [{"id": "1"}, {"id": "2"}]}`
 * Out: `query($k0: ID!, $k1: ID!) { k0: user(id: $k0) { ...many0 } k1: user(id: $k1) { ...many0 } } fragment many0 on User { name }`
 */
export const KEYS_ARGUMENT = 'keys';

const PREFIX = 'lookUpMany_';
const ARGUMENTS_TYPE = 'headgate__Arguments';

export function batchFieldName(field: string): string {
  return PREFIX + field;
}

/** Returns the service's schema with a generated field for each look-up of one object. */
export function withBatchFields(service: Service): DocumentNode {
  const singles = service.lookups.filter(({ list }) => !list);
  if (singles.length === 0) return service.document;
  const definitions = service.document.definitions.map((node) => {
    if (node.kind !== Kind.OBJECT_TYPE_DEFINITION || node.name.value !== 'Query') return node;
    const many = (node.fields ?? []).flatMap((field) => {
      const lookup = singles.find((single) => single.field === field.name.value);
      return lookup
        ? [{ ...field, name: name(batchFieldName(lookup.field)), arguments: [KEYS], type: listOf(field.type) }]
        : [];
    });
    return { ...node, fields: [...(node.fields ?? []), ...many] };
  });
  return { kind: Kind.DOCUMENT, definitions: [...definitions, SCALAR] };
}

const SCALAR: DefinitionNode = { kind: Kind.SCALAR_TYPE_DEFINITION, name: name(ARGUMENTS_TYPE) };
const KEYS = {
  kind: Kind.INPUT_VALUE_DEFINITION,
  name: name(KEYS_ARGUMENT),
  type: parseType(`[${ARGUMENTS_TYPE}!]!`, { noLocation: true }),
} as const;

function listOf(type: TypeNode): TypeNode {
  return { kind: Kind.LIST_TYPE, type: type.kind === Kind.NON_NULL_TYPE ? type.type : type };
}

function name(value: string): NameNode {
  return { kind: Kind.NAME, value };
}

/** A request that the service understands, and functions that translate its response back. */
export interface ExpandedRequest {
  readonly document: DocumentNode;
  readonly variables: Readonly<Record<string, unknown>>;
  /** The aliases; each stands for one key. */
  readonly aliases: ReadonlySet<string>;
  /** Gathers the results of the aliases into lists. */
  gather(data: Record<string, unknown>): Record<string, unknown>;
  /** `["k0_3", "name"]` → `["lookUpMany_user", 3, "name"]` */
  pathOf(path: readonly (string | number)[]): readonly (string | number)[];
}

interface BatchedRequest {
  readonly node: FieldNode;
  readonly field: GraphQLField<unknown, unknown>;
  /** The response key where the stitched schema expects the list. */
  readonly responseKey: string;
  readonly keys: readonly Readonly<Record<string, unknown>>[];
}

/**
 * Expands the fields that take many keys into one alias for each key; `undefined` when there are none.
 *
 * @param schema the service's own schema, with the arguments of the look-ups
 * @param without aliases to omit: their results are null
 */
export function expandBatchFields(
  document: DocumentNode,
  variables: Readonly<Record<string, unknown>>,
  schema: GraphQLSchema,
  without: ReadonlySet<string>,
): ExpandedRequest | undefined {
  const operation = document.definitions.find((node) => node.kind === Kind.OPERATION_DEFINITION);
  const batched = operation ? batchedIn(operation, variables, schema) : [];
  if (!operation || batched.length === 0) return undefined;
  return new ManyExpander({ document, operation, variables, batched, without }).write();
}

function batchedIn(
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
  schema: GraphQLSchema,
): BatchedRequest[] {
  const fields = schema.getQueryType()?.getFields();
  return operation.selectionSet.selections.flatMap((node) => {
    if (node.kind !== Kind.FIELD || !node.name.value.startsWith(PREFIX)) return [];
    const field = fields?.[node.name.value.slice(PREFIX.length)];
    const value = node.arguments?.[0]?.value;
    if (!field || value?.kind !== Kind.VARIABLE) return [];
    const keys = variables[value.name.value] as BatchedRequest['keys'];
    return [{ node, field, keys, responseKey: node.alias?.value ?? node.name.value }];
  });
}

interface ExpansionInput {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly batched: readonly BatchedRequest[];
  readonly without: ReadonlySet<string>;
}

class ManyExpander {
  private readonly input: ExpansionInput;
  private readonly variables: Record<string, unknown> = {};
  private readonly definitions: VariableDefinitionNode[] = [];
  private readonly fragments: FragmentDefinitionNode[] = [];
  /** Alias → response key of the list, and index of the key. */
  private readonly places = new Map<string, readonly [responseKey: string, index: number]>();

  constructor(input: ExpansionInput) {
    this.input = input;
  }

  write(): ExpandedRequest {
    const { document, operation, variables, batched } = this.input;
    const own = new Set(batched.map(({ node }) => node));
    const others = operation.selectionSet.selections.filter((node) => !own.has(node as FieldNode));
    const fields = batched.flatMap((batched, index) => this.writeBatched(batched, index));
    const selectionSet = { kind: Kind.SELECTION_SET, selections: [...others, ...fields] } as const;
    const remaining = (operation.variableDefinitions ?? []).filter(({ type }) => namedTypeOf(type) !== ARGUMENTS_TYPE);
    for (const { variable } of remaining) {
      const value = variables[variable.name.value];
      if (value !== undefined) this.variables[variable.name.value] = value;
    }
    const written = { ...operation, selectionSet, variableDefinitions: [...remaining, ...this.definitions] };
    const rest = document.definitions.filter((node) => node !== operation);
    return {
      document: { kind: Kind.DOCUMENT, definitions: [written, ...rest, ...this.fragments] },
      variables: this.variables,
      aliases: new Set(this.places.keys()),
      gather: (data) => this.gather(data),
      pathOf: ([first = '', ...below]) => [...(this.places.get(String(first)) ?? [first]), ...below],
    };
  }

  private writeBatched({ node, field, keys, responseKey }: BatchedRequest, index: number): FieldNode[] {
    const fragment = `many${index}`;
    const fields = keys.flatMap((key, place): FieldNode[] => {
      const alias = `k${index}_${place}`;
      if (this.input.without.has(alias)) return [];
      this.places.set(alias, [responseKey, place]);
      const args = field.args.filter((arg) => key[arg.name] !== undefined);
      for (const arg of args) this.addVariable(`${alias}_${arg.name}`, arg.type.toString(), key[arg.name]);
      return [{ kind: Kind.FIELD, alias: name(alias), name: name(field.name), ...this.callOf(alias, args, fragment) }];
    });
    if (fields.length > 0 && node.selectionSet) {
      this.fragments.push(fragmentOn(getNamedType(field.type).name, fragment, node.selectionSet));
    }
    return fields;
  }

  private callOf(alias: string, args: BatchedRequest['field']['args'], fragment: string) {
    return {
      arguments: args.map((arg) => ({
        kind: Kind.ARGUMENT as const,
        name: name(arg.name),
        value: { kind: Kind.VARIABLE as const, name: name(`${alias}_${arg.name}`) },
      })),
      selectionSet: {
        kind: Kind.SELECTION_SET as const,
        selections: [{ kind: Kind.FRAGMENT_SPREAD as const, name: name(fragment) }],
      },
    };
  }

  private addVariable(variable: string, type: string, value: unknown): void {
    this.variables[variable] = value;
    this.definitions.push({
      kind: Kind.VARIABLE_DEFINITION,
      variable: { kind: Kind.VARIABLE, name: name(variable) },
      type: parseType(type, { noLocation: true }),
    });
  }

  private gather(data: Record<string, unknown>): Record<string, unknown> {
    const gathered: Record<string, unknown> = {};
    for (const { responseKey, keys } of this.input.batched) gathered[responseKey] = new Array(keys.length).fill(null);
    for (const [key, value] of Object.entries(data)) {
      const place = this.places.get(key);
      if (place === undefined) gathered[key] = value;
      else (gathered[place[0]] as unknown[])[place[1]] = value;
    }
    return gathered;
  }
}

function fragmentOn(type: string, fragment: string, selectionSet: FragmentDefinitionNode['selectionSet']) {
  const typeCondition = { kind: Kind.NAMED_TYPE, name: name(type) } as const;
  return { kind: Kind.FRAGMENT_DEFINITION, name: name(fragment), typeCondition, selectionSet } as const;
}

function namedTypeOf(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : namedTypeOf(type.type);
}
