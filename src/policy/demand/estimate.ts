import { Kind, type TypeNode } from 'graphql';
import type { Operation, OpField, OpSelection, OpTypeCondition } from '../../operation/operation.ts';
import { type Cost, largest, product, sum } from './cost.ts';
import type { CostModel } from './cost-model.ts';
import { argumentsCost } from './input-cost.ts';
import { sizeOf } from './list-size.ts';

type Variables = Readonly<Record<string, unknown>>;

export interface Estimate {
  readonly cost: Cost;
  /** Returns the message if a request violates `requireOneSlicingArgument`; `undefined` if no request can. */
  readonly complaint: ((variables: Variables) => string | undefined) | undefined;
}

export interface EstimateOptions {
  /** Assumed number of items of lists without `@listSize`. */
  readonly listSize: number;
  /** Counts only the fields of this subgraph. */
  readonly subgraph?: string;
  /** Fields that are not fetched, and so cost nothing. */
  readonly dropped?: ReadonlySet<OpField> | undefined;
  /** Whether messages leave out names of arguments that the client may not have written. */
  readonly hidesDetails?: boolean | undefined;
}

/** Returns the cost of an operation by its type, without its fields. */
export function operationWeight(kind: Operation['kind']): number {
  return kind === 'mutation' ? 10 : 0;
}

/**
 * Estimates the largest cost of an operation: for each field the cost of its objects times the number of items, plus the cost of
 * its arguments. An object of an abstract type counts as the most expensive possible type.
 *
 * In:  `{ users(first: 5) { name posts { title } } }`, with lists of 10
 * Out: `5 × (1 + 10 × 1) = 55`
 */
export function estimate(operation: Operation, model: CostModel, options: EstimateOptions): Estimate {
  const estimator = new Estimator(model, options);
  const fields = estimator.selection(operation.selection, undefined, undefined);
  const { complaints } = estimator;
  return {
    cost: sum([options.subgraph === undefined ? operationWeight(operation.kind) : 0, fields]),
    complaint:
      complaints.length === 0
        ? undefined
        : (variables) => complaints.find(({ isAmbiguous }) => isAmbiguous(variables))?.message,
  };
}

/** The list size that the parent's `@listSize` gives to some of its fields. */
interface SizedBelow {
  readonly fields: readonly string[];
  readonly size: Cost;
}

class Estimator {
  readonly complaints: { message: string; isAmbiguous: (variables: Variables) => boolean }[] = [];
  private readonly model: CostModel;
  private readonly options: EstimateOptions;

  constructor(model: CostModel, options: EstimateOptions) {
    this.model = model;
    this.options = options;
  }

  /** @param producer the subgraph that resolves the parent field */
  selection({ items, parentType }: OpSelection, sized: SizedBelow | undefined, producer: string | undefined): Cost {
    const fields: Cost[] = [];
    const typeConditions: { item: OpTypeCondition; cost: Cost }[] = [];
    for (const item of items) {
      if (item.kind === 'field') fields.push(this.field(item, parentType, sized, producer));
      else typeConditions.push({ item, cost: this.selection(item.selection, sized, producer) });
    }
    return sum([...fields, this.mostExpensive(typeConditions)]);
  }

  /** Returns the largest cost of the fragments that apply to one type, since an object has one type. */
  private mostExpensive(typeConditions: readonly { item: OpTypeCondition; cost: Cost }[]): Cost {
    if (typeConditions.length === 0) return 0;
    const met = typeConditions.map(({ item }) => this.model.possible(item.typeCondition));
    const together = new Map<string, Cost>();
    for (const type of new Set(met.flatMap((types) => [...types]))) {
      const indexes = met.flatMap((types, index) => (types.has(type) ? [index] : []));
      const key = indexes.join();
      if (!together.has(key)) together.set(key, sum(indexes.map((index) => typeConditions[index]?.cost ?? 0)));
    }
    return largest([...together.values()]);
  }

  private field(field: OpField, parentType: string, sized: SizedBelow | undefined, above: string | undefined): Cost {
    if (field.name.startsWith('__') || this.options.dropped?.has(field)) return 0;
    const producer = this.producer(parentType, field.name, above);
    const counts = this.options.subgraph === undefined || this.options.subgraph === producer;
    const inputs = this.model.arguments(parentType, field.name);
    const own = this.model.listSize(parentType, field.name);
    const { args } = field;
    const list = own && sizeOf(own, { args, inputs, model: this.model, otherwise: this.options.listSize });
    if (own && list?.isAmbiguous) this.complain(parentType, field.name, own.slicingArguments, list.isAmbiguous);
    const isOwn = own !== undefined && own.sizedFields.length === 0;
    const below = own && list && !isOwn ? { fields: own.sizedFields, size: list.size } : undefined;
    const size = sized?.fields.includes(field.name) ? sized.size : isOwn && list ? list.size : this.options.listSize;
    const times = (cost: Cost) => (isList(field.type) ? product(size, cost) : cost);
    const self = counts ? times(this.model.weight(parentType, field.name)) : 0;
    return sum([
      // a negative cost does not reduce the cost of other fields
      largest([sum([self, counts ? argumentsCost(args, inputs, this.model) : 0])]),
      field.selection ? times(this.selection(field.selection, below, producer)) : 0,
    ]);
  }

  /** Guesses the subgraph of a field without a plan: the parent's subgraph if it resolves the field, else the first one. */
  private producer(parentType: string, fieldName: string, above: string | undefined): string | undefined {
    if (this.options.subgraph === undefined) return undefined;
    const producers = this.model.producers(parentType, fieldName);
    return above !== undefined && producers.includes(above) ? above : producers[0];
  }

  private complain(
    parentType: string,
    fieldName: string,
    names: readonly string[],
    isAmbiguous: (variables: Variables) => boolean,
  ): void {
    const known = this.options.hidesDetails ? '' : `: ${names.join(', ')}`;
    const message = `${parentType}.${fieldName} needs exactly one of its slicing arguments${known}.`;
    this.complaints.push({ message, isAmbiguous });
  }
}

function isList(type: TypeNode): boolean {
  return type.kind === Kind.NON_NULL_TYPE ? isList(type.type) : type.kind === Kind.LIST_TYPE;
}
