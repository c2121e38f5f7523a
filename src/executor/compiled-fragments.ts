import type { DeferredFragment, FragmentSets } from '../operation/deferred-fragments.ts';
import type { DroppedItems } from '../operation/drop-fields.ts';
import type { OpSelection } from '../operation/operation.ts';
import type { QueryPlan } from '../planner/plan.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';
import {
  type FragmentNumbers,
  NOT_DEFERRED,
  ObjectShapes,
  type SelectionPart,
  type ShapeField,
} from './object-shapes.ts';
import type { ObjectWriter, ValueWriter } from './object-writer.ts';
import { Projection } from './projection.ts';
import { type StreamedList, StreamedLists } from './streamed-lists.ts';

/** The selections on objects in one place of the response, and what is known of their types. */
export interface Level {
  readonly parts: readonly SelectionPart[];
  readonly staticType: string;
  readonly steps: Map<string, Step>;
}

/** What is deferred in objects of one type. */
export interface Step {
  readonly fields: ReadonlyMap<string, ShapeField>;
  /** The sets of its fields, with the writer of the fields of each. */
  readonly sets: readonly { readonly set: number; readonly write: ObjectWriter }[];
  readonly below: readonly FieldBelow[];
}

/** A field with objects. */
export interface FieldBelow {
  readonly field: ShapeField;
  readonly level: Level;
  /** Whether something within it may be delivered later than the field itself. */
  readonly leadsToOthers: boolean;
  /** Set where its items are delivered one after the other. */
  readonly stream: { readonly list: StreamedList; readonly writeItem: ValueWriter } | undefined;
}

/**
 * The deferred fragments and streamed lists of a plan, prepared to be written. A fragment that needs no request of its own is not
 * deferred: its fields come with what is around it.
 */
export class CompiledFragments implements FragmentNumbers {
  readonly shapes: ObjectShapes;
  readonly rootLevel: Level;
  /** The lists with `@stream`; `undefined` where there are none. */
  readonly lists: StreamedLists | undefined;
  private readonly root: SelectionPart;
  private readonly sets: FragmentSets;
  /** The number of sets that fields have in the operation; more are found as unions. */
  private readonly planned: number;
  /** The fragments that some request is for. */
  private readonly fetched = new Set<DeferredFragment>();
  private readonly numbers = new Map<number, number>();
  private readonly sources = new Map<number, readonly number[]>();
  private readonly projections = new Map<number, Projection>();
  private readonly supergraph: Supergraph;

  constructor(plan: QueryPlan, sets: FragmentSets, supergraph: Supergraph, dropped: DroppedItems | undefined) {
    this.sets = sets;
    this.planned = sets.size;
    this.supergraph = supergraph;
    this.root = { position: plan.root, selection: plan.selection };
    this.rootLevel = levelOf([this.root], plan.root.type);
    this.shapes = new ObjectShapes(supergraph, dropped, this);
    for (const { groups } of plan.requests)
      for (const group of groups ?? []) for (const fragment of sets.of(group)) this.fetched.add(fragment);
    const lists = new StreamedLists(plan, (set) => this.effective(set));
    this.lists = lists.all.length > 0 ? lists : undefined;
  }

  /** Whether nothing is deferred or streamed. */
  get isEmpty(): boolean {
    return this.fetched.size === 0 && this.lists === undefined;
  }

  /** Returns the fragments of a set. */
  of(set: number): readonly DeferredFragment[] {
    return this.sets.of(set);
  }

  /** Returns the numbers of the defer groups of the plan that any of some fragments waits for. */
  groupsOf(fragments: ReadonlySet<DeferredFragment>): number[] {
    return this.groups((set) => set.some((fragment) => fragments.has(fragment)));
  }

  /**
   * Returns the numbers of the defer groups that the fields of a set may come from, other than its own: those of fragments around it,
   * which it comes after, and those of each fragment of a union.
   */
  sourcesOf(set: number): readonly number[] {
    let sources = this.sources.get(set);
    if (sources === undefined) {
      const all = new Set(this.of(set));
      const isAround = (group: readonly DeferredFragment[]) => [...all].every((fragment) => isInside(fragment, group));
      const isPart = (group: readonly DeferredFragment[]) => group.some((fragment) => all.has(fragment));
      sources = this.groups((group) => isAround(group) || (set >= this.planned && isPart(group)));
      this.sources.set(set, sources);
    }
    return sources;
  }

  private groups(isWanted: (set: readonly DeferredFragment[]) => boolean): number[] {
    return [...Array(this.planned).keys()].filter((group) => isWanted(this.of(group)));
  }

  effective(set: number): number {
    let number = this.numbers.get(set);
    if (number === undefined) {
      number =
        set === NOT_DEFERRED ? set : this.sets.numberOf(this.of(set).map((fragment) => this.deferredOf(fragment)));
      this.numbers.set(set, number);
    }
    return number;
  }

  private deferredOf(fragment: DeferredFragment | undefined): DeferredFragment | undefined {
    return fragment === undefined || this.fetched.has(fragment) ? fragment : this.deferredOf(fragment.parent);
  }

  union(a: number, b: number): number {
    return this.sets.union(a, b);
  }

  /** Returns the projection of the fields of one set. */
  projectionOf(set: number): Projection {
    let projection = this.projections.get(set);
    if (projection === undefined) {
      projection = new Projection(this.supergraph, this.root, {
        only: { fragments: set, shapes: this.shapes, lists: this.lists },
      });
      this.projections.set(set, projection);
    }
    return projection;
  }

  /** Returns what is deferred in objects of a type. */
  stepOf({ parts, steps }: Level, typeName: string): Step {
    let step = steps.get(typeName);
    if (step === undefined) {
      step = this.createStep(parts, typeName);
      steps.set(typeName, step);
    }
    return step;
  }

  private createStep(parts: readonly SelectionPart[], typeName: string): Step {
    const { fields } = this.shapes.shape(parts, typeName);
    const sets = [...new Set(fields.map(({ fragments }) => fragments))];
    return {
      fields: new Map(fields.map((field) => [field.field.responseKey, field])),
      sets: sets.map((set) => ({ set, write: this.projectionOf(set).shapeWriter(parts, typeName) })),
      below: fields.flatMap((field) => (field.below.length === 0 ? [] : [this.fieldBelow(field, typeName)])),
    };
  }

  private fieldBelow(field: ShapeField, typeName: string): FieldBelow {
    const { below, fragments } = field;
    const list = this.lists?.of(field.field);
    const stream = list && { list, writeItem: this.projectionOf(fragments).itemWriter(field, typeName) };
    const leadsToOthers =
      stream !== undefined || below.some(({ selection }) => this.leadsToOthers(selection, fragments));
    return { field, level: levelOf(below, below[0]?.position.type ?? ''), leadsToOthers, stream };
  }

  private leadsToOthers({ items }: OpSelection, set: number): boolean {
    return items.some(
      (item) =>
        (item.kind === 'field' && (this.effective(item.fragments) !== set || this.lists?.of(item) !== undefined)) ||
        (item.selection !== undefined && this.leadsToOthers(item.selection, set)),
    );
  }
}

/** Returns whether a fragment is one of a group, or within one of them. */
function isInside(fragment: DeferredFragment | undefined, group: readonly DeferredFragment[]): boolean {
  return fragment !== undefined && (group.includes(fragment) || isInside(fragment.parent, group));
}

function levelOf(parts: readonly SelectionPart[], staticType: string): Level {
  return { parts, staticType, steps: new Map() };
}
