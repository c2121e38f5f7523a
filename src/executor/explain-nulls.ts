import { type GraphQLFormattedError, Kind, print, type TypeNode } from 'graphql';
import type { DeferGroups } from '../operation/defer-groups.ts';
import type { ExplainedNull, ExplainedNulls, NullCause, TracePath } from '../shared/null-cause.ts';
import { leafWriter } from './leaf.ts';
import { type ExecutedPlan, NullCauses, type NumberOfFetch } from './null-causes.ts';
import { dependsOnType, type SelectionPart, type ShapeField } from './object-shapes.ts';
import { isNullish, isObject, type ResponseObject } from './objects.ts';

/** The most nulls that are listed. */
const MAX_NULLS = 100;
/** The most values of a result that are looked at: it takes about a second. */
const MAX_VALUES = 1_000_000;

export interface ExplainNullsOptions {
  readonly numberOf: NumberOfFetch;
  /** Errors of fields that were not fetched. */
  readonly knownErrors?: readonly GraphQLFormattedError[] | undefined;
  readonly deferGroups?: DeferGroups | undefined;
  /** Returns whether a defer group was written as null, because it was late. */
  readonly isLate?: ((group: number) => boolean) | undefined;
}

/**
 * Finds the nulls in the data of a complete execution, and the causes of each that a subgraph has not returned itself. Does what
 * `Projection` does, value by value, and for debug traces only: what is looked for here costs other requests nothing.
 */
export function explainNulls(execution: ExecutedPlan, options: ExplainNullsOptions): ExplainedNulls {
  return new NullWalk(execution, options).run();
}

/** A value that is missing, so that null propagates to what is around it. */
interface Lost {
  /** Found when they are needed: of many values that are missing, few are listed. */
  readonly causes: () => readonly NullCause[];
  readonly from: TracePath;
  readonly field: string;
  readonly type: string;
  readonly others: number;
}

/** A place in the response: what it is called in errors, and what it is made from. */
interface Place {
  readonly field: ShapeField;
  readonly coordinate: string;
}

class NullWalk {
  private readonly execution: ExecutedPlan;
  private readonly options: ExplainNullsOptions;
  private readonly causes: NullCauses;
  private readonly nulls: ExplainedNull[] = [];
  private total = 0;
  private ofSubgraphs = 0;
  private values = 0;
  /** The client's path, and the same of aliased keys. */
  private readonly path: (string | number)[] = [];
  private readonly subgraphPath: (string | number)[] = [];

  constructor(execution: ExecutedPlan, options: ExplainNullsOptions) {
    this.execution = execution;
    this.options = options;
    this.causes = new NullCauses(execution, options.numberOf);
  }

  run(): ExplainedNulls {
    const { compiled, data } = this.execution;
    const { root, selection } = compiled.plan;
    const lost = this.fields(data, [{ position: root, selection }], root.type);
    if (lost) {
      this.forgetSince({ listed: 0, total: 0, ofSubgraphs: 0 });
      this.add(lost);
    }
    const { nulls, total, ofSubgraphs, values } = this;
    return { nulls, ofSubgraphs, leftOut: total - nulls.length, isIncomplete: values > MAX_VALUES };
  }

  private fields(object: ResponseObject, parts: readonly SelectionPart[], typeName: string): Lost | undefined {
    let lost: Lost | undefined;
    for (const field of this.execution.compiled.projection.shapes.shape(parts, typeName).fields) {
      const { responseKey, name } = field.field;
      if (name.startsWith('__') || this.values++ > MAX_VALUES) continue;
      this.path.push(responseKey);
      this.subgraphPath.push(field.subgraphKey);
      lost = withOther(lost, this.field(object, field, typeName));
      this.path.pop();
      this.subgraphPath.pop();
    }
    return lost;
  }

  private field(object: ResponseObject, shown: ShapeField, typeName: string): Lost | undefined {
    const { field, subgraphKey, dropped } = shown;
    const { compiled, input } = this.execution;
    const declared = input.supergraph.types.get(typeName)?.fields.get(field.name)?.type ?? field.type;
    const group = compiled.plan.deferred?.get(field);
    const type = group !== undefined && declared.kind === Kind.NON_NULL_TYPE ? declared.type : declared;
    const place = { field: shown, coordinate: `${typeName}.${field.name}` };
    if (dropped) return this.nullAt(type, place, this.policyOf(place));
    if (group !== undefined && this.options.isLate?.(group)) return this.nullAt(type, place, this.timeoutOf(group));
    return this.value(type, object[subgraphKey], place);
  }

  private value(type: TypeNode, value: unknown, place: Place): Lost | undefined {
    if (isNullish(value)) return this.nullAt(type, place, this.causesOfNull(value, type, place));
    if (type.kind === Kind.NON_NULL_TYPE) return this.present(type.type, value, place);
    const before = { listed: this.nulls.length, total: this.total, ofSubgraphs: this.ofSubgraphs };
    const lost = this.present(type, value, place);
    if (lost) {
      // what is null within a null is not in the result
      this.forgetSince(before);
      this.add(lost);
    }
    return undefined;
  }

  /** Handles a value that is null, or missing. A null of the subgraph itself has no causes. */
  private nullAt(type: TypeNode, { coordinate }: Place, causes: Lost['causes'] | undefined): Lost | undefined {
    if (causes === undefined) this.ofSubgraphs++;
    else {
      const lost = this.lost(coordinate, print(type), causes);
      if (type.kind === Kind.NON_NULL_TYPE) return lost;
      this.add(lost);
    }
    return undefined;
  }

  private lost(field: string, type: string, causes: Lost['causes']): Lost {
    return { causes, from: [...this.path], field, type, others: 0 };
  }

  private present(type: TypeNode, value: unknown, place: Place): Lost | undefined {
    if (type.kind === Kind.NON_NULL_TYPE) return this.present(type.type, value, place);
    if (type.kind === Kind.LIST_TYPE) {
      if (!Array.isArray(value)) return this.invalid(type, place, `Expected a list for ${place.coordinate}.`);
      return this.items(value, type.type, place);
    }
    const { field, below } = place.field;
    const name = type.name.value;
    if (field.selection) return this.object(value, below, type, place);
    const schemaType = this.execution.input.supergraph.publicSchema.getType(name);
    if (leafWriter(schemaType)(value) !== undefined) return undefined;
    return this.invalid(type, place, `Expected a value of type ${name} for ${place.coordinate}.`);
  }

  private items(list: readonly unknown[], type: TypeNode, place: Place): Lost | undefined {
    let lost: Lost | undefined;
    for (const [i, item] of list.entries()) {
      if (this.values++ > MAX_VALUES) break;
      this.path.push(i);
      this.subgraphPath.push(i);
      lost = withOther(lost, this.value(type, item, place));
      this.path.pop();
      this.subgraphPath.pop();
    }
    return lost;
  }

  private object(value: unknown, parts: readonly SelectionPart[], type: TypeNode, place: Place): Lost | undefined {
    const { supergraph } = this.execution.input;
    const staticType = print(type);
    if (!isObject(value)) return this.invalid(type, place, `Expected an object of type ${staticType}.`);
    const definition = supergraph.types.get(staticType);
    if (definition?.kind === 'object') return this.fields(value, parts, staticType);
    const { __typename: typename = staticType } = value;
    const name = String(typename);
    const isPossible = name === staticType || definition?.possible.has(name);
    if (!isPossible) return this.invalid(type, place, `Expected a runtime type of ${staticType}, but found "${name}".`);
    if (supergraph.publicSchema.getType(name) === undefined)
      return this.invalid(type, place, `The public schema has no type for this value of ${staticType}.`);
    if (name === staticType && value.__typename === undefined) return this.ofUnknownType(value, parts, type, place);
    return this.fields(value, parts, name);
  }

  /** Handles an object whose runtime type is not known: it is null where its fields depend on that type. */
  private ofUnknownType(
    value: ResponseObject,
    parts: readonly SelectionPart[],
    type: TypeNode,
    place: Place,
  ): Lost | undefined {
    const staticType = print(type);
    if (!parts.some((part) => dependsOnType(part, staticType))) return this.fields(value, parts, staticType);
    const causes = this.causes.of([...this.subgraphPath, '__typename'], undefined);
    if (causes.length > 0) return this.lost(place.coordinate, staticType, () => causes);
    return this.invalid(type, place, `The runtime type of this ${staticType} is not known.`);
  }

  private invalid(type: TypeNode, { field, coordinate }: Place, message: string): Lost {
    const cause = { kind: 'invalidValue', subgraph: field.service, field: coordinate, message } as const;
    return this.lost(coordinate, print(type), () => [cause]);
  }

  private causesOfNull(value: unknown, type: TypeNode, { field, coordinate }: Place): Lost['causes'] | undefined {
    const { service } = field;
    const isOwn = value === null && !this.causes.isKnown(this.subgraphPath, service);
    if (isOwn && type.kind !== Kind.NON_NULL_TYPE) return undefined;
    const path = [...this.subgraphPath];
    return () => {
      const causes = this.causes.of(path, service);
      if (causes.length > 0) return causes;
      return [{ kind: value === null ? 'subgraphNull' : 'notReturned', subgraph: service, field: coordinate }];
    };
  }

  private policyOf({ field, coordinate }: Place): Lost['causes'] {
    const keys = this.path.filter((step) => typeof step === 'string');
    const error = this.options.knownErrors?.find(({ path }) => path?.join('\n') === keys.join('\n'));
    const code = String(error?.extensions?.code ?? 'UNAUTHORIZED_FIELD_OR_TYPE');
    const message = error?.message ?? `A policy dropped the field "${field.field.responseKey}".`;
    return () => [{ kind: 'policy', field: coordinate, code, message }];
  }

  private timeoutOf(group: number): Lost['causes'] {
    const { path: section = [], timeoutMs = 0 } = this.options.deferGroups?.list[group] ?? {};
    return () => [{ kind: 'sectionTimeout', section, timeoutMs }];
  }

  private add({ causes, from, field, type, others }: Lost): void {
    this.total++;
    if (this.nulls.length >= MAX_NULLS) return;
    const path = [...this.path];
    const carried: NullCause[] =
      from.length === path.length
        ? []
        : [{ kind: 'nonNull', field, type, from, to: path, ...(others > 0 && { others }) }];
    this.nulls.push({ path, causes: [...carried, ...causes()] });
  }

  private forgetSince(before: { readonly listed: number; readonly total: number; readonly ofSubgraphs: number }): void {
    this.nulls.length = before.listed;
    this.total = before.total;
    this.ofSubgraphs = before.ofSubgraphs;
  }
}

/** Returns the first of two lost values, which counts the other one. */
function withOther(lost: Lost | undefined, next: Lost | undefined): Lost | undefined {
  if (lost === undefined || next === undefined) return lost ?? next;
  return { ...lost, others: lost.others + 1 + next.others };
}
