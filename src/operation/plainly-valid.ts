import {
  type ArgumentNode,
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLArgument,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isInputType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
  isSpecifiedScalarType,
  isTypeSubTypeOf,
  Kind,
  type ObjectValueNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
  typeFromAST,
  type ValueNode,
  type VariableDefinitionNode,
} from 'graphql';
import { mergesFields } from './overlapping-fields.ts';

/**
 * Returns whether a quick check finds a document valid: `true` only where every rule of the specification holds.
 * `false` means unknown: the document may use something that only the full validation covers (introspection,
 * subscriptions, directives other than `@skip` and `@include`, rare forms of values). The full validation also
 * produces the error messages.
 *
 * In:  `query ($id: ID!) { user(id: $id) { name } }`
 * Out: true
 *
 * @see https://spec.graphql.org/October2021/#sec-Validation
 */
export function isPlainlyValid(schema: GraphQLSchema, document: DocumentNode): boolean {
  return new QuickValidator(schema, document).isValid();
}

interface VariableUse {
  readonly name: string;
  readonly type: GraphQLInputType;
  readonly hasDefault: boolean;
}

/** The variables and fragments that an operation or a fragment uses itself, without those of its fragments. */
interface Uses {
  readonly variables: VariableUse[];
  readonly fragments: Set<string>;
}

class QuickValidator {
  private readonly schema: GraphQLSchema;
  private readonly document: DocumentNode;
  private readonly operations: OperationDefinitionNode[] = [];
  private readonly fragments = new Map<string, FragmentDefinitionNode>();
  private readonly usesOf = new Map<FragmentDefinitionNode, Uses>();

  constructor(schema: GraphQLSchema, document: DocumentNode) {
    this.schema = schema;
    this.document = document;
  }

  isValid(): boolean {
    if (!this.readDefinitions()) return false;
    for (const fragment of this.fragments.values()) {
      const uses: Uses = { variables: [], fragments: new Set() };
      this.usesOf.set(fragment, uses);
      const type = this.compositeNamed(fragment.typeCondition.name.value);
      if (!type || fragment.directives?.length || !this.selection(fragment.selectionSet, type, uses)) return false;
    }
    if (this.hasCycle()) return false;
    const used = new Set<string>();
    if (!this.operations.every((operation) => this.operation(operation, used))) return false;
    return used.size === this.fragments.size && mergesFields(this.schema, this.fragments, this.operations);
  }

  private readDefinitions(): boolean {
    const names = new Set<string>();
    for (const definition of this.document.definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION) {
        if (this.fragments.has(definition.name.value)) return false;
        this.fragments.set(definition.name.value, definition);
      } else if (definition.kind === Kind.OPERATION_DEFINITION) {
        const name = definition.name?.value ?? '';
        if (names.has(name)) return false;
        names.add(name);
        this.operations.push(definition);
      } else {
        return false;
      }
    }
    return names.size === 1 || !names.has('');
  }

  private hasCycle(): boolean {
    const done = new Set<string>();
    const open = new Set<string>();
    const visit = (name: string): boolean => {
      if (done.has(name)) return false;
      if (open.has(name)) return true;
      open.add(name);
      const fragment = this.fragments.get(name);
      const below = fragment && this.usesOf.get(fragment);
      for (const next of below?.fragments ?? []) if (visit(next)) return true;
      open.delete(name);
      done.add(name);
      return false;
    };
    return [...this.fragments.keys()].some(visit);
  }

  private operation(operation: OperationDefinitionNode, used: Set<string>): boolean {
    if (operation.operation === 'subscription' || operation.directives?.length) return false;
    const type = this.schema.getRootType(operation.operation);
    const variables = this.variables(operation.variableDefinitions ?? []);
    const own: Uses = { variables: [], fragments: new Set() };
    if (!type || !variables || !this.selection(operation.selectionSet, type, own)) return false;
    const missing = new Set(variables.keys());
    const seen = new Set<string>();
    const pending = [own];
    for (let uses = pending.pop(); uses; uses = pending.pop()) {
      for (const use of uses.variables) {
        missing.delete(use.name);
        if (!this.isAllowed(use, variables.get(use.name))) return false;
      }
      for (const name of uses.fragments) {
        if (seen.has(name)) continue;
        seen.add(name);
        used.add(name);
        const fragment = this.fragments.get(name);
        const below = fragment && this.usesOf.get(fragment);
        if (below) pending.push(below);
      }
    }
    return missing.size === 0;
  }

  private variables(
    definitions: readonly VariableDefinitionNode[],
  ): Map<string, { node: VariableDefinitionNode; type: GraphQLInputType }> | undefined {
    const variables = new Map<string, { node: VariableDefinitionNode; type: GraphQLInputType }>();
    for (const node of definitions) {
      const name = node.variable.name.value;
      if (name === '__proto__') return undefined;
      const type = typeFromAST(this.schema, node.type as Parameters<typeof typeFromAST>[1]);
      if (!type || !isInputType(type) || variables.has(name) || node.directives?.length) return undefined;
      if (node.defaultValue && !this.value(node.defaultValue, type, NO_USES, false)) return undefined;
      variables.set(name, { node, type });
    }
    return variables;
  }

  /** @see https://spec.graphql.org/October2021/#sec-All-Variable-Usages-are-Allowed */
  private isAllowed(
    use: VariableUse,
    variable: { node: VariableDefinitionNode; type: GraphQLInputType } | undefined,
  ): boolean {
    if (!variable) return false;
    const { node, type } = variable;
    if (isNonNullType(use.type) && !isNonNullType(type)) {
      const hasValue = node.defaultValue !== undefined && node.defaultValue.kind !== Kind.NULL;
      return (hasValue || use.hasDefault) && isTypeSubTypeOf(this.schema, type, use.type.ofType);
    }
    return isTypeSubTypeOf(this.schema, type, use.type);
  }

  private selection(set: SelectionSetNode, parent: GraphQLCompositeType, uses: Uses): boolean {
    for (const item of set.selections) {
      if (item.directives && item.directives.length > 0 && !this.conditions(item.directives, uses)) return false;
      if (item.kind === Kind.FIELD) {
        if (!this.field(item, parent, uses)) return false;
      } else if (item.kind === Kind.INLINE_FRAGMENT) {
        const type = item.typeCondition ? this.compositeNamed(item.typeCondition.name.value) : parent;
        if (!type || !this.canMeet(parent, type) || !this.selection(item.selectionSet, type, uses)) return false;
      } else {
        const fragment = this.fragments.get(item.name.value);
        const type = fragment && this.compositeNamed(fragment.typeCondition.name.value);
        if (!type || !this.canMeet(parent, type)) return false;
        uses.fragments.add(item.name.value);
      }
    }
    return true;
  }

  private compositeNamed(name: string): GraphQLCompositeType | undefined {
    const type = this.schema.getType(name);
    return isCompositeType(type) ? type : undefined;
  }

  private canMeet(one: GraphQLCompositeType, other: GraphQLCompositeType): boolean {
    if (one === other) return true;
    const [abstract, type] = isObjectType(one) ? [other, one] : [one, other];
    if (isObjectType(abstract)) return false;
    if (isObjectType(type)) return this.schema.isSubType(abstract, type);
    return this.schema.getPossibleTypes(abstract).some((possible) => this.schema.isSubType(type, possible));
  }

  private field(node: FieldNode, parent: GraphQLCompositeType, uses: Uses): boolean {
    const name = node.name.value;
    if (name === '__typename') return node.selectionSet === undefined && !node.arguments?.length;
    const known = isObjectType(parent) || isInterfaceType(parent) ? fieldOf(parent.getFields(), name) : undefined;
    if (!known || !this.args(known.args, node.arguments ?? [], uses)) return false;
    const type = getNamedType(known.type);
    if (isLeafType(type)) return node.selectionSet === undefined;
    return node.selectionSet !== undefined && this.selection(node.selectionSet, type, uses);
  }

  private args(known: readonly GraphQLArgument[], given: readonly ArgumentNode[], uses: Uses): boolean {
    if (known.length === 0) return given.length === 0;
    const names = new Set<string>();
    for (const { name, value } of given) {
      const argument = known.find((one) => one.name === name.value);
      if (!argument || names.has(argument.name)) return false;
      names.add(argument.name);
      if (!this.value(value, argument.type, uses, argument.defaultValue !== undefined)) return false;
    }
    return known.every((argument) => names.has(argument.name) || !isRequiredArgument(argument));
  }

  private conditions(directives: readonly DirectiveNode[], uses: Uses): boolean {
    const names = new Set<string>();
    for (const { name, arguments: given = [] } of directives) {
      const [condition] = given;
      if ((name.value !== 'skip' && name.value !== 'include') || names.has(name.value)) return false;
      names.add(name.value);
      if (given.length !== 1 || condition?.name.value !== 'if') return false;
      const directive = this.schema.getDirective(name.value);
      if (!directive || !this.args(directive.args, given, uses)) return false;
    }
    return true;
  }

  /** @see https://spec.graphql.org/October2021/#sec-Values-of-Correct-Type */
  private value(node: ValueNode, type: GraphQLInputType, uses: Uses, hasDefault: boolean): boolean {
    if (node.kind === Kind.VARIABLE) {
      if (uses === NO_USES) return false;
      uses.variables.push({ name: node.name.value, type, hasDefault });
      return true;
    }
    if (isNonNullType(type)) return node.kind !== Kind.NULL && this.value(node, type.ofType, uses, false);
    if (node.kind === Kind.NULL) return true;
    if (isListType(type)) {
      if (node.kind !== Kind.LIST) return this.value(node, type.ofType, uses, false);
      return node.values.every((item) => this.value(item, type.ofType, uses, false));
    }
    if (isInputObjectType(type)) {
      if (node.kind !== Kind.OBJECT || type.isOneOf) return false;
      return this.inputObject(node, type.getFields(), uses);
    }
    if (isEnumType(type)) return node.kind === Kind.ENUM && type.getValue(node.value) !== undefined;
    if (!isSpecifiedScalarType(type)) return false;
    try {
      return type.parseLiteral(node) !== undefined;
    } catch {
      return false;
    }
  }

  private inputObject(node: ObjectValueNode, known: Record<string, GraphQLInputField>, uses: Uses): boolean {
    const names = new Set<string>();
    for (const { name, value } of node.fields) {
      const field = Object.hasOwn(known, name.value) ? known[name.value] : undefined;
      if (!field || names.has(field.name)) return false;
      names.add(field.name);
      if (!this.value(value, field.type, uses, field.defaultValue !== undefined)) return false;
    }
    return requiredOf(known).every((name) => names.has(name));
  }
}

const required = new WeakMap<object, readonly string[]>();

/**
 * Returns the names of the required fields; cached, because a list may have thousands of objects of a type with
 * hundreds of fields.
 */
function requiredOf(fields: Record<string, GraphQLInputField>): readonly string[] {
  let names = required.get(fields);
  if (!names) {
    names = Object.values(fields)
      .filter(isRequiredInputField)
      .map(({ name }) => name);
    required.set(fields, names);
  }
  return names;
}

/** Passed for values that may not contain variables. */
const NO_USES: Uses = { variables: [], fragments: new Set() };

function fieldOf(fields: Record<string, GraphQLField<unknown, unknown>>, name: string) {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}
