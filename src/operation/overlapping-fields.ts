import type {
  ASTVisitor,
  FieldNode,
  FragmentDefinitionNode,
  GraphQLNamedType,
  GraphQLOutputType,
  GraphQLSchema,
  OperationDefinitionNode,
  SelectionSetNode,
  ValidationContext,
  ValueNode,
} from 'graphql';
import {
  GraphQLError,
  getNamedType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  print,
  typeFromAST,
} from 'graphql';

/**
 * The most fields that are compared for one document, with fragments expanded: far more than can be planned. A
 * document with more is refused.
 */
export const MAX_FIELDS_COMPARED = 100_000;

/** A selected field with its parent type and its type. */
interface Selected {
  readonly node: FieldNode;
  readonly id: number;
  readonly parent: GraphQLNamedType | undefined;
  readonly type: GraphQLOutputType | undefined;
}

/** A selection set with its type. */
interface Scope {
  readonly set: SelectionSetNode;
  readonly type: GraphQLNamedType | undefined;
}

/**
 * `shape`: the objects have different types, so only the shapes of values must agree. `same`: the fields must also be
 * the same.
 */
type Requirement = 'shape' | 'same';

/**
 * Validates "Field Selection Merging": fields under the same response key must be the same field with the same
 * arguments, and of the same shape. Replaces the rule of graphql-js, which compares every pair of fields. Here the
 * fields of a key are compared with the first of them, because both requirements are equivalence relations.
 *
 * In:  `{ me { name name: id } }`
 * Out: an error that names the key and both fields
 *
 * @see https://spec.graphql.org/October2021/#sec-Field-Selection-Merging
 */
export function overlappingFieldsRule(context: ValidationContext): ASTVisitor {
  const comparison = new Comparison(context.getSchema(), {
    fragment: (name) => context.getFragment(name) ?? undefined,
    report: (error) => context.reportError(error),
  });
  return {
    OperationDefinition(node) {
      comparison.compareOperation(node);
      return false;
    },
    FragmentDefinition: () => false,
  };
}

/** Returns whether no fields of these operations conflict, by the same rule. */
export function mergesFields(
  schema: GraphQLSchema,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  operations: readonly OperationDefinitionNode[],
): boolean {
  let conflicts = 0;
  const comparison = new Comparison(schema, {
    fragment: (name) => fragments.get(name),
    report: () => {
      conflicts += 1;
    },
  });
  return operations.every((operation) => {
    comparison.compareOperation(operation);
    return conflicts === 0;
  });
}

interface ComparisonContext {
  fragment(name: string): FragmentDefinitionNode | undefined;
  report(error: GraphQLError): void;
}

class Comparison {
  private readonly schema: GraphQLSchema;
  private readonly context: ComparisonContext;
  private readonly ids = new Map<FieldNode, number>();
  private readonly arguments = new Map<FieldNode, string>();
  /** Groups of fields that were compared already, under either requirement. */
  private readonly seen = new Set<string>();
  private compared = 0;
  private exhausted = false;

  constructor(schema: GraphQLSchema, context: ComparisonContext) {
    this.schema = schema;
    this.context = context;
  }

  compareOperation({ operation, selectionSet: set }: OperationDefinitionNode): void {
    const type = this.schema.getRootType(operation) ?? undefined;
    const pending: { scopes: readonly Scope[]; requirement: Requirement }[] = [
      { scopes: [{ set, type }], requirement: 'same' },
    ];
    for (let next = pending.pop(); next && !this.exhausted; next = pending.pop()) {
      const byKey = this.collect(next.scopes);
      if (this.wasSeen(byKey, next.requirement)) continue;
      for (const [key, fields] of byKey) pending.push(...this.compareKey(key, fields, next.requirement));
    }
  }

  /** Compares the fields of one key. Returns what has to be compared below them. */
  private compareKey(key: string, fields: readonly Selected[], requirement: Requirement) {
    const below: { scopes: readonly Scope[]; requirement: Requirement }[] = [];
    const [first] = fields;
    if (first && fields.length > 1 && !this.sameShape(key, first, fields)) return below;
    if (requirement === 'shape') {
      addBelow(below, fields, 'shape');
      return below;
    }
    const alternatives = byObjectType(fields);
    for (const alternative of alternatives) {
      if (!this.sameField(key, alternative)) return [];
      addBelow(below, alternative, 'same');
    }
    if (alternatives.length > 1) addBelow(below, fields, 'shape');
    return below;
  }

  private sameShape(key: string, first: Selected, fields: readonly Selected[]): boolean {
    const wanted = first.type && shapeOf(first.type);
    for (const field of fields) {
      if (wanted === undefined || field.type === undefined || shapeOf(field.type) === wanted) continue;
      this.report(key, `they are of the types "${first.type}" and "${field.type}"`, first, field);
      return false;
    }
    return true;
  }

  private sameField(key: string, fields: readonly Selected[]): boolean {
    const [first] = fields;
    if (!first || fields.length === 1) return true;
    if (!this.countCompared(fields.length, first.node)) return false;
    const name = first.node.name.value;
    for (const field of fields) {
      if (field.node.name.value !== name) {
        this.report(key, `"${name}" and "${field.node.name.value}" are different fields`, first, field);
        return false;
      }
      if (this.argumentsOf(field.node) !== this.argumentsOf(first.node)) {
        this.report(key, `"${name}" has different arguments in each`, first, field);
        return false;
      }
      if (streamText(field.node) !== streamText(first.node)) {
        this.report(key, `"${name}" has @stream in one of them only, or with different arguments`, first, field);
        return false;
      }
    }
    return true;
  }

  private report(key: string, reason: string, first: Selected, other: Selected): void {
    const message = `Fields "${key}" conflict: ${reason}. Give one of them another alias to get both.`;
    this.context.report(new GraphQLError(message, { nodes: inOrder(first.node, other.node) }));
  }

  /** Collects fields by response key, with fragments expanded, each fragment once. */
  private collect(scopes: readonly Scope[]): Map<string, Selected[]> {
    const byKey = new Map<string, Selected[]>();
    const spread = new Set<FragmentDefinitionNode>();
    const open = [...scopes].reverse();
    for (let scope = open.pop(); scope; scope = open.pop()) {
      for (const selection of scope.set.selections) {
        if (selection.kind === Kind.FIELD) {
          if (!this.add(byKey, selection, scope.type)) return new Map();
        } else if (selection.kind === Kind.INLINE_FRAGMENT) {
          const { typeCondition, selectionSet } = selection;
          open.push({ set: selectionSet, type: typeCondition ? this.typeNamed(typeCondition) : scope.type });
        } else {
          const fragment = this.context.fragment(selection.name.value);
          if (!fragment || spread.has(fragment)) continue;
          spread.add(fragment);
          open.push({ set: fragment.selectionSet, type: this.typeNamed(fragment.typeCondition) });
        }
      }
    }
    return byKey;
  }

  private typeNamed(node: FragmentDefinitionNode['typeCondition']): GraphQLNamedType | undefined {
    return typeFromAST(this.schema, node);
  }

  /** Counts compared fields. Returns false once the document has exceeded the limit. */
  private countCompared(fields: number, node: FieldNode): boolean {
    this.compared += fields;
    if (this.compared <= MAX_FIELDS_COMPARED) return true;
    if (!this.exhausted) this.context.report(tooManyFields(node));
    this.exhausted = true;
    return false;
  }

  /** Adds a field. Returns false when nothing more may be compared. */
  private add(byKey: Map<string, Selected[]>, node: FieldNode, parent: GraphQLNamedType | undefined): boolean {
    if (!this.countCompared(1, node)) return false;
    const id = this.ids.get(node) ?? this.ids.size;
    this.ids.set(node, id);
    const hasFields = isObjectType(parent) || isInterfaceType(parent);
    const type = hasFields ? parent.getFields()[node.name.value]?.type : undefined;
    const key = node.alias?.value ?? node.name.value;
    const selected = { node, id, parent, type };
    const known = byKey.get(key);
    if (known) known.push(selected);
    else byKey.set(key, [selected]);
    return true;
  }

  /** Returns whether the same fields were compared before, even through other fragments. */
  private wasSeen(byKey: ReadonlyMap<string, readonly Selected[]>, requirement: Requirement): boolean {
    let print: string = requirement;
    for (const fields of byKey.values()) for (const { id } of fields) print += ` ${id}`;
    if (this.seen.has(print)) return true;
    this.seen.add(print);
    return false;
  }

  private argumentsOf(node: FieldNode): string {
    const known = this.arguments.get(node);
    if (known !== undefined) return known;
    const printed = node.arguments?.map(({ name, value }) => `${name.value}:${canonical(value)}`) ?? [];
    const text = printed.sort().join();
    this.arguments.set(node, text);
    return text;
  }
}

/** Returns the arguments of `@stream`; `undefined` without it. */
function streamText({ directives }: FieldNode): string | undefined {
  const stream = directives?.find(({ name }) => name.value === 'stream');
  const printed = stream?.arguments?.map(({ name, value }) => `${name.value}:${canonical(value)}`) ?? [];
  return stream && printed.sort().join();
}

function inOrder(one: FieldNode, other: FieldNode): FieldNode[] {
  return (one.loc?.start ?? 0) <= (other.loc?.start ?? 0) ? [one, other] : [other, one];
}

function addBelow(
  below: { scopes: readonly Scope[]; requirement: Requirement }[],
  fields: readonly Selected[],
  requirement: Requirement,
): void {
  const scopes = fields.flatMap(({ node, type }) =>
    node.selectionSet ? [{ set: node.selectionSet, type: type && getNamedType(type) }] : [],
  );
  if (scopes.length > 0) below.push({ scopes, requirement });
}

/**
 * Groups the fields that one object can have together: fields of interfaces and unions join those of each object
 * type; fields of two object types never conflict.
 */
function byObjectType(fields: readonly Selected[]): readonly (readonly Selected[])[] {
  const first = fields[0]?.parent;
  if (fields.every(({ parent }) => parent === first)) return [fields];
  const groups = new Map<GraphQLNamedType, Selected[]>();
  const shared: Selected[] = [];
  for (const field of fields) {
    if (!isObjectType(field.parent)) shared.push(field);
    else if (groups.has(field.parent)) groups.get(field.parent)?.push(field);
    else groups.set(field.parent, [field]);
  }
  if (groups.size <= 1) return [fields];
  return [...groups.values()].map((group) => [...shared, ...group]);
}

/**
 * Returns the shape of a type, `[Int!]` for leaf types. Composite types are all alike, `[{}]`, because their fields
 * are compared separately.
 */
function shapeOf(type: GraphQLOutputType): string {
  if (isNonNullType(type)) return `${shapeOf(type.ofType)}!`;
  if (isListType(type)) return `[${shapeOf(type.ofType)}]`;
  return isLeafType(type) ? type.name : '{}';
}

/** Returns a value as text in which the order of an input object's fields does not matter. */
function canonical(value: ValueNode): string {
  if (value.kind === Kind.LIST) return `[${value.values.map(canonical).join()}]`;
  if (value.kind !== Kind.OBJECT) return print(value);
  return `{${value.fields
    .map((field) => `${field.name.value}:${canonical(field.value)}`)
    .sort()
    .join()}}`;
}

function tooManyFields(node: FieldNode): GraphQLError {
  const message =
    `The document selects more than ${MAX_FIELDS_COMPARED} fields once its fragments are expanded. ` +
    'Select less in one operation.';
  return new GraphQLError(message, { nodes: [node] });
}
