import type {
  DirectiveNode,
  DocumentNode,
  FieldNode,
  FragmentDefinitionNode,
  FragmentSpreadNode,
  InlineFragmentNode,
  OperationDefinitionNode,
  SelectionSetNode,
  TypeNode,
} from 'graphql';
import { Kind, print } from 'graphql';
import type { Supergraph } from '../supergraph/supergraph.ts';
import { activeDefer, type DeferredFragment, FragmentSets, NOT_DEFERRED } from './deferred-fragments.ts';
import type { Operation, OpField, OpSelection, OpTypeCondition } from './operation.ts';
import { activeStream, isListType, MAX_STREAMED_LISTS, type StreamDirective } from './streamed-lists.ts';

/**
 * The most selected fields, with fragments expanded; an operation with more is refused, because planning time must
 * stay bounded.
 */
export const MAX_SELECTED_FIELDS = 10_000;

/** The most levels of fields; a deeper operation is refused, because recursive stages would exhaust the stack. */
export const MAX_LEVELS = 500;

/** The most deferred fragments of one operation, with fragments expanded; further ones come with what is around them. */
export const MAX_DEFERRED_FRAGMENTS = 200;

/** Thrown for an operation that is valid GraphQL, but too large to plan once its fragments are expanded. */
export class OperationTooLargeError extends Error {
  override readonly name = 'OperationTooLargeError';
}

type SupergraphTypes = Pick<Supergraph, 'types' | 'rootTypes'>;

const TYPENAME_TYPE: TypeNode = {
  kind: Kind.NON_NULL_TYPE,
  type: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: 'String' } },
};

/**
 * Normalizes a validated operation: fragments are inlined, fields of the same key are merged, and conditions are
 * resolved.
 *
 * In:  `{ me { id ...A } } fragment A on User { id name @include(if: $full) }` with `{ full: true }`
 * Out: `{ me { id name } }`
 *
 * @param conditions the values of the variables in `@skip`, `@include`, `@defer` and `@stream`
 * @param defers whether `@defer` and `@stream` count; otherwise fragments and lists with them are like any other
 * @throws OperationTooLargeError above {@link MAX_SELECTED_FIELDS} or {@link MAX_LEVELS}
 * @see https://spec.graphql.org/October2021/#sec-Field-Collection
 */
export function normalise(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  supergraph: SupergraphTypes,
  conditions: Readonly<Record<string, unknown>>,
  defers = false,
): Operation {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const root = supergraph.rootTypes[operation.operation];
  if (root === undefined) throw new Error(`The supergraph has no ${operation.operation} type`);
  const normaliser = new Normaliser(supergraph, fragments, conditions, defers ? new FragmentSets() : undefined);
  const selection = normaliser.selection([{ set: operation.selectionSet, deferred: undefined }], root);
  return {
    kind: operation.operation,
    name: operation.name?.value,
    variables: operation.variableDefinitions ?? [],
    selection,
    fragmentSets: normaliser.sets?.size || normaliser.streamedLists > 0 ? normaliser.sets : undefined,
  };
}

/** Normalizes a federation field set (`id customer { id }`) on a type, as the selections of an operation. */
export function normaliseFieldSet(set: SelectionSetNode, typeName: string, supergraph: SupergraphTypes): OpSelection {
  return new Normaliser(supergraph, new Map(), {}).selection([{ set, deferred: undefined }], typeName);
}

/** A selected field with the innermost deferred fragment that it is in. */
interface Selected {
  readonly node: FieldNode;
  readonly deferred: DeferredFragment | undefined;
}

/** A selection set with the innermost deferred fragment that it is in. */
interface SelectedSet {
  readonly set: SelectionSetNode;
  readonly deferred: DeferredFragment | undefined;
}

/** One selection while it is being collected; fields of the same response key collect their nodes. */
interface Draft {
  readonly type: string;
  readonly items: (Selected[] | Draft)[];
  readonly byKey: Map<string, Selected[]>;
  /** The spread fragments, by name and surrounding deferred fragment. */
  readonly spread: Set<string>;
}

const newDraft = (type: string): Draft => ({ type, items: [], byKey: new Map(), spread: new Set() });

class Normaliser {
  private selected = 0;
  private levels = 0;
  private readonly supergraph: SupergraphTypes;
  private readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  private readonly conditions: Readonly<Record<string, unknown>>;
  readonly sets: FragmentSets | undefined;
  private deferredFragments = 0;
  streamedLists = 0;
  /** The deferred fragments of the selection that is being collected. */
  private deferredHere = new Map<FragmentSpreadNode | InlineFragmentNode, DeferredFragment[]>();

  /** @param sets where `@defer` counts */
  constructor(
    supergraph: SupergraphTypes,
    fragments: ReadonlyMap<string, FragmentDefinitionNode>,
    conditions: Readonly<Record<string, unknown>>,
    sets?: FragmentSets,
  ) {
    this.supergraph = supergraph;
    this.fragments = fragments;
    this.conditions = conditions;
    this.sets = sets;
  }

  selection(sets: readonly SelectedSet[], type: string): OpSelection {
    if (this.levels >= MAX_LEVELS) {
      throw new OperationTooLargeError(`The operation selects fields more than ${MAX_LEVELS} levels deep.`);
    }
    this.levels += 1;
    const draft = newDraft(type);
    if (this.deferredHere.size > 0) this.deferredHere = new Map();
    for (const { set, deferred } of sets) this.collect(set, draft, deferred);
    const selection = this.finish(draft);
    this.levels -= 1;
    return selection;
  }

  private collect(set: SelectionSetNode, draft: Draft, deferred: DeferredFragment | undefined): void {
    for (const selection of set.selections) {
      if (!this.isIncluded(selection.directives)) continue;
      if (selection.kind === Kind.FIELD) {
        addField(draft, { node: selection, deferred });
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        const own = this.deferredBy(selection, deferred);
        this.collectOn(selection.typeCondition?.name.value ?? draft.type, selection.selectionSet, draft, own);
      } else {
        const name = selection.name.value;
        const fragment = this.fragments.get(name);
        if (!fragment) continue;
        const own = this.deferredBy(selection, deferred);
        const key = own === undefined ? name : `${name} ${own.id}`;
        if (draft.spread.has(key)) continue;
        draft.spread.add(key);
        this.collectOn(fragment.typeCondition.name.value, fragment.selectionSet, draft, own);
      }
    }
  }

  /** Returns the innermost deferred fragment around the selections of a fragment. */
  private deferredBy(
    node: FragmentSpreadNode | InlineFragmentNode,
    parent: DeferredFragment | undefined,
  ): DeferredFragment | undefined {
    if (this.sets === undefined || node.directives === undefined || node.directives.length === 0) return parent;
    const defer = activeDefer(node.directives, this.conditions);
    if (defer === undefined) return parent;
    // it is collected several times where the fragment around it is for several types
    const known = this.deferredHere.get(node)?.find((one) => one.parent === parent);
    if (known !== undefined) return known;
    if (this.deferredFragments >= MAX_DEFERRED_FRAGMENTS) return parent;
    const made = { id: this.deferredFragments++, label: defer.label, parent, depth: this.levels - 1, node };
    this.deferredHere.set(node, [...(this.deferredHere.get(node) ?? []), made]);
    return made;
  }

  private collectOn(
    condition: string,
    set: SelectionSetNode,
    draft: Draft,
    deferred: DeferredFragment | undefined,
  ): void {
    if (condition === draft.type) return this.collect(set, draft, deferred);
    const here = this.possible(draft.type);
    const there = this.possible(condition);
    if (this.isSubtype(draft.type, condition)) return this.collect(set, draft, deferred);
    if (isSubset(there, here)) return this.collect(set, typeConditionDraft(draft, condition), deferred);
    for (const type of there) if (here.has(type)) this.collect(set, typeConditionDraft(draft, type), deferred);
  }

  /**
   * Returns whether the schema declares a subtype. That all objects of a type happen to be of another as well is not
   * enough to select its fields.
   */
  private isSubtype(type: string, of: string): boolean {
    const known = this.supergraph.types.get(type);
    return known?.interfaces.includes(of) || (known?.kind === 'object' && this.possible(of).has(type));
  }

  private possible(type: string): ReadonlySet<string> {
    return this.supergraph.types.get(type)?.possible ?? new Set();
  }

  private finish(draft: Draft): OpSelection {
    const items: (OpField | OpTypeCondition)[] = [];
    for (const item of draft.items) {
      if (Array.isArray(item)) {
        items.push(this.field(item, draft.type));
      } else {
        const selection = this.finish(item);
        if (selection.items.length > 0) items.push({ kind: 'typeCondition', typeCondition: item.type, selection });
      }
    }
    return { parentType: draft.type, items };
  }

  private field(selected: readonly Selected[], parentType: string): OpField {
    this.selected += 1;
    if (this.selected > MAX_SELECTED_FIELDS) {
      throw new OperationTooLargeError(
        `The operation selects more than ${MAX_SELECTED_FIELDS} fields once its fragments are expanded. Select less in one operation.`,
      );
    }
    const first = selected[0]?.node;
    if (!first) throw new Error('a selected field has no node');
    const name = first.name.value;
    const known = this.supergraph.types.get(parentType)?.fields.get(name);
    const namedType = known?.namedType ?? 'String';
    const sets = selected.flatMap(({ node: { selectionSet: set }, deferred }) => (set ? { set, deferred } : []));
    const args = first.arguments ?? [];
    const stream = this.sets && known && sets.length > 0 && isListType(known.type) && this.streamOf(selected);
    return {
      kind: 'field',
      responseKey: first.alias?.value ?? name,
      name,
      args,
      argsKey: argsKey(first),
      type: known?.type ?? TYPENAME_TYPE,
      namedType,
      // introspection is resolved elsewhere: `__schema { … }` has no type in a supergraph
      selection: sets.length > 0 && known ? this.selection(sets, namedType) : undefined,
      fragments: this.sets?.numberOf(selected.map(({ deferred }) => deferred)) ?? NOT_DEFERRED,
      stream: stream || undefined,
    };
  }

  /** Returns how the items of a list are streamed; `undefined` where its selections do not agree on that. */
  private streamOf(selected: readonly Selected[]): StreamDirective | undefined {
    const [first, ...others] = selected.map(({ node: { directives }, deferred }) => ({
      deferred,
      stream: activeStream(directives, this.conditions),
    }));
    const stream = first?.stream;
    if (stream === undefined || this.streamedLists >= MAX_STREAMED_LISTS) return undefined;
    // items with fields of several deferred fragments would have to wait for them
    if (others.some((one) => one.deferred !== first?.deferred || one.stream?.key !== stream.key)) return undefined;
    this.streamedLists += 1;
    return stream;
  }

  private isIncluded(directives: readonly DirectiveNode[] | undefined): boolean {
    for (const directive of directives ?? []) {
      const name = directive.name.value;
      if (name !== 'skip' && name !== 'include') continue;
      const value = directive.arguments?.[0]?.value;
      const condition =
        value?.kind === Kind.VARIABLE ? this.conditions[value.name.value] : value?.kind === Kind.BOOLEAN && value.value;
      if ((condition === true) === (name === 'skip')) return false;
    }
    return true;
  }
}

function addField(draft: Draft, selected: Selected): void {
  const { node } = selected;
  const key = node.alias?.value ?? node.name.value;
  const known = draft.byKey.get(key);
  // a fragment in between may select the same field first, so this node is not merged
  if (known && !(node.selectionSet && draft.items.lastIndexOf(known) < lastConditionIndex(draft))) {
    known.push(selected);
    return;
  }
  const all = [selected];
  draft.byKey.set(key, all);
  draft.items.push(all);
}

function lastConditionIndex(draft: Draft): number {
  return draft.items.findLastIndex((item) => !Array.isArray(item));
}

/**
 * Continues the last type condition if it is the same, so that neighbours merge and the order of first appearance
 * stays.
 */
function typeConditionDraft(draft: Draft, type: string): Draft {
  const last = draft.items.at(-1);
  if (last && !Array.isArray(last) && last.type === type) return last;
  const typeCondition = newDraft(type);
  draft.items.push(typeCondition);
  return typeCondition;
}

function argsKey(node: FieldNode): string {
  if (!node.arguments || node.arguments.length === 0) return '';
  return node.arguments
    .map((argument) => `${argument.name.value}:${print(argument.value)}`)
    .sort()
    .join();
}

function isSubset(part: ReadonlySet<string>, whole: ReadonlySet<string>): boolean {
  for (const item of part) if (!whole.has(item)) return false;
  return true;
}
