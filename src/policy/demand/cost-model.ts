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

/** How many items a field's list has, or the lists below it. */
export interface ListSize {
  readonly assumedSize: number | undefined;
  /** Arguments that say how many are asked for; `input.first` is a field of an input object. */
  readonly slicingArguments: readonly string[];
  /** The fields of the object returned whose lists it is about; empty where it is the field's own list. */
  readonly sizedFields: readonly string[];
  readonly requireOneSlicingArgument: boolean;
}

/** An argument of a field, or a field of an input object. */
export interface CostlyInput {
  readonly type: TypeNode;
  readonly namedType: string;
  readonly default: ConstValueNode | undefined;
  /** What one value costs without what is in it. */
  readonly weight: number;
}

type Inputs = ReadonlyMap<string, CostlyInput>;
const NO_INPUTS: Inputs = new Map();

/**
 * What fields and their arguments cost by `@cost`, else by their kinds: an object costs 1, an input object too, a leaf
 * nothing. A weight on a field goes before that on its type.
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

  /** What one object or leaf of a field costs without what is below it; on an abstract type, what it costs at most. */
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

  /** What stands on the field of an interface alone holds for its types as well; of several, the dearest. */
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

  /** That of the field, else that of the field of an interface, which holds for its types as well. */
  private listSizeUse(typeName: string, fieldName: string): DirectiveArguments | undefined {
    const { types } = this.supergraph;
    for (const name of [typeName, ...(types.get(typeName)?.interfaces ?? [])]) {
      const use = types.get(name)?.fields.get(fieldName)?.directives.get('listSize')?.[0];
      if (use) return use;
    }
    return undefined;
  }

  /** The subgraphs that give a field, those that only declare it left out. */
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

/** IBM's specification has weights as texts, Apollo's as numbers. */
function weightIn(directives: AppliedDirectives): number | undefined {
  const weight = directives.get('cost')?.[0]?.weight;
  const number = typeof weight === 'string' ? Number(weight) : weight;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

function textsIn(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
