import {
  type ConstValueNode,
  type DocumentNode,
  type InputValueDefinitionNode,
  isTypeDefinitionNode,
  Kind,
  parse,
  type TypeNode,
} from 'graphql';
import { type AppliedDirectives, appliedDirectives, type DirectiveArguments } from '../../supergraph/directives.ts';
import { namedType } from '../../supergraph/join-spec.ts';
import { linkedNames } from '../../supergraph/linked-names.ts';
import type { Supergraph, SupergraphType } from '../../supergraph/supergraph.ts';

/** A `@listSize` directive: how many items the field's list has, or the lists of its sized fields. */
export interface ListSize {
  readonly assumedSize: number | undefined;
  /** Arguments with the number of items; `input.first` is a field of an input object. */
  readonly slicingArguments: readonly string[];
  /** Fields of the returned object that are the lists; empty if the field itself is the list. */
  readonly sizedFields: readonly string[];
  readonly requireOneSlicingArgument: boolean;
}

/** An argument of a field, or a field of an input object. */
export interface CostlyInput {
  readonly type: TypeNode;
  readonly namedType: string;
  readonly default: ConstValueNode | undefined;
  /** The cost of one value without its members. */
  readonly weight: number;
}

type Inputs = ReadonlyMap<string, CostlyInput>;
const NO_INPUTS: Inputs = new Map();

/**
 * The costs of fields and arguments: from `@cost`, or by kind (objects and input objects cost 1, leaves nothing). A weight on a
 * field takes precedence over a weight on its type.
 * @see https://ibm.github.io/graphql-specs/cost-spec.html
 * @see https://specs.apollo.dev/cost/v0.1/
 */
export class CostModel {
  private readonly supergraph: Supergraph;
  /** By `Type.field`. */
  private readonly argumentsOf = new Map<string, Inputs>();
  /** By input type. */
  private readonly inputFields = new Map<string, Inputs>();

  constructor(supergraph: Supergraph) {
    this.supergraph = supergraph;
    this.readInputs(parse(supergraph.sdl, { noLocation: true }));
  }

  private readInputs(document: DocumentNode): void {
    const names = linkedNames(document);
    const read = (nodes: readonly InputValueDefinitionNode[]): Inputs =>
      new Map(nodes.map((node) => [node.name.value, this.input(node, appliedDirectives(node, names))]));
    for (const definition of document.definitions) {
      if (!isTypeDefinitionNode(definition) || !('fields' in definition)) continue;
      const { value: type } = definition.name;
      if (definition.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION) {
        this.inputFields.set(type, read(definition.fields ?? []));
        continue;
      }
      for (const field of definition.fields ?? []) {
        if ('arguments' in field && field.arguments?.length)
          this.argumentsOf.set(`${type}.${field.name.value}`, read(field.arguments));
      }
    }
  }

  private input({ type, defaultValue }: InputValueDefinitionNode, directives: AppliedDirectives): CostlyInput {
    const named = namedType(type);
    const kind = this.supergraph.types.get(named)?.kind;
    const weight = weightIn(directives) ?? this.weightOfType(named) ?? (kind === 'input' ? 1 : 0);
    return { type, namedType: named, default: defaultValue, weight };
  }

  arguments(typeName: string, fieldName: string): Inputs {
    return this.argumentsOf.get(`${typeName}.${fieldName}`) ?? NO_INPUTS;
  }

  fieldsOfInput(typeName: string): Inputs {
    return this.inputFields.get(typeName) ?? NO_INPUTS;
  }

  /** Returns the cost of one value of a field without its selection; on an abstract type, the largest cost. */
  weight(typeName: string, fieldName: string): number {
    const type = this.supergraph.types.get(typeName);
    const field = type?.fields.get(fieldName);
    if (!type || !field) return 0;
    const own =
      weightIn(field.directives) ??
      this.weightOfInterfaces(type, fieldName) ??
      this.weightOfType(field.namedType) ??
      this.weightOfKind(field.namedType);
    if (type.kind === 'object') return own;
    return [...type.possible].reduce((most, possible) => Math.max(most, this.weight(possible, fieldName)), own);
  }

  /** Returns the largest weight on this field of an interface, which applies to implementing types without a weight of their own. */
  private weightOfInterfaces(type: SupergraphType, fieldName: string): number | undefined {
    const weights = type.interfaces.flatMap((name): number[] => {
      const field = this.supergraph.types.get(name)?.fields.get(fieldName);
      const weight = field && weightIn(field.directives);
      return weight === undefined ? [] : [weight];
    });
    return weights.length === 0 ? undefined : Math.max(...weights);
  }

  private weightOfType(name: string): number | undefined {
    const type = this.supergraph.types.get(name);
    return type && weightIn(type.directives);
  }

  private weightOfKind(name: string): number {
    const kind = this.supergraph.types.get(name)?.kind;
    return kind === 'object' || kind === 'interface' || kind === 'union' ? 1 : 0;
  }

  listSize(typeName: string, fieldName: string): ListSize | undefined {
    const use = this.listSizeUse(typeName, fieldName);
    if (!use) return undefined;
    return {
      assumedSize: typeof use.assumedSize === 'number' && use.assumedSize >= 0 ? use.assumedSize : undefined,
      slicingArguments: textsIn(use.slicingArguments),
      sizedFields: textsIn(use.sizedFields),
      requireOneSlicingArgument: use.requireOneSlicingArgument !== false,
    };
  }

  /** Returns the directive of the field, or of the same field of an interface, which applies to implementing types. */
  private listSizeUse(typeName: string, fieldName: string): DirectiveArguments | undefined {
    const { types } = this.supergraph;
    for (const name of [typeName, ...(types.get(typeName)?.interfaces ?? [])]) {
      const use = types.get(name)?.fields.get(fieldName)?.directives.get('listSize')?.[0];
      if (use) return use;
    }
    return undefined;
  }

  /** Returns the subgraphs that resolve a field, without those where it is external. */
  producers(typeName: string, fieldName: string): readonly string[] {
    return this.supergraph.subgraphs.flatMap(({ name, types }) => {
      const field = types.get(typeName)?.fields.get(fieldName);
      return field && !field.external ? [name] : [];
    });
  }

  possible(typeName: string): ReadonlySet<string> {
    return this.supergraph.types.get(typeName)?.possible ?? new Set();
  }
}

/** Reads a weight: a string in IBM's specification, a number in Apollo's. */
function weightIn(directives: AppliedDirectives): number | undefined {
  const weight = directives.get('cost')?.[0]?.weight;
  const number = typeof weight === 'string' ? Number(weight) : weight;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

function textsIn(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
