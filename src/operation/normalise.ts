import type {
  DirectiveNode,
  DocumentNode,
  FieldNode,
  FragmentDefinitionNode,
  OperationDefinitionNode,
  SelectionSetNode,
  TypeNode,
} from 'graphql';
import { Kind, print } from 'graphql';
import type { Supergraph } from '../supergraph/supergraph.ts';
import type { Operation, OpField, OpSelection, OpTypeCondition } from './operation.ts';

/**
 * The most selected fields, with fragments expanded; an operation with more is refused, because planning time must
 * stay bounded.
 */
export const MAX_SELECTED_FIELDS = 10_000;

/** The most levels of fields; a deeper operation is refused, because recursive stages would exhaust the stack. */
export const MAX_LEVELS = 500;

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
 * @param conditions the values of the variables in `@skip` and `@include`
 * @throws OperationTooLargeError above {@link MAX_SELECTED_FIELDS} or {@link MAX_LEVELS}
 * @see https://spec.graphql.org/October2021/#sec-Field-Collection
 */
export function normalise(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  supergraph: SupergraphTypes,
  conditions: Readonly<Record<string, unknown>>,
): Operation {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const root = supergraph.rootTypes[operation.operation];
  if (root === undefined) throw new Error(`The supergraph has no ${operation.operation} type`);
  return {
    kind: operation.operation,
    name: operation.name?.value,
    variables: operation.variableDefinitions ?? [],
    selection: new Normaliser(supergraph, fragments, conditions).selection([operation.selectionSet], root),
  };
}

/** Normalizes a federation field set (`id customer { id }`) on a type, as the selections of an operation. */
export function normaliseFieldSet(set: SelectionSetNode, typeName: string, supergraph: SupergraphTypes): OpSelection {
  return new Normaliser(supergraph, new Map(), {}).selection([set], typeName);
}

/** One selection while it is being collected; fields of the same response key collect their nodes. */
interface Draft {
  readonly type: string;
  readonly items: (FieldNode[] | Draft)[];
  readonly byKey: Map<string, FieldNode[]>;
  readonly spread: Set<string>;
}

const newDraft = (type: string): Draft => ({ type, items: [], byKey: new Map(), spread: new Set() });

class Normaliser {
  private selected = 0;
  private levels = 0;
  private readonly supergraph: SupergraphTypes;
  private readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  private readonly conditions: Readonly<Record<string, unknown>>;

  constructor(
    supergraph: SupergraphTypes,
    fragments: ReadonlyMap<string, FragmentDefinitionNode>,
    conditions: Readonly<Record<string, unknown>>,
  ) {
    this.supergraph = supergraph;
    this.fragments = fragments;
    this.conditions = conditions;
  }

  selection(sets: readonly SelectionSetNode[], type: string): OpSelection {
    if (this.levels >= MAX_LEVELS) {
      throw new OperationTooLargeError(`The operation selects fields more than ${MAX_LEVELS} levels deep.`);
    }
    this.levels += 1;
    const draft = newDraft(type);
    for (const set of sets) this.collect(set, draft);
    const selection = this.finish(draft);
    this.levels -= 1;
    return selection;
  }

  private collect(set: SelectionSetNode, draft: Draft): void {
    for (const selection of set.selections) {
      if (!this.isIncluded(selection.directives)) continue;
      if (selection.kind === Kind.FIELD) {
        addField(draft, selection);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        this.collectOn(selection.typeCondition?.name.value ?? draft.type, selection.selectionSet, draft);
      } else {
        const name = selection.name.value;
        const fragment = this.fragments.get(name);
        if (!fragment || draft.spread.has(name)) continue;
        draft.spread.add(name);
        this.collectOn(fragment.typeCondition.name.value, fragment.selectionSet, draft);
      }
    }
  }

  private collectOn(condition: string, set: SelectionSetNode, draft: Draft): void {
    if (condition === draft.type) return this.collect(set, draft);
    const here = this.possible(draft.type);
    const there = this.possible(condition);
    if (this.isSubtype(draft.type, condition)) return this.collect(set, draft);
    if (isSubset(there, here)) return this.collect(set, typeConditionDraft(draft, condition));
    for (const type of there) if (here.has(type)) this.collect(set, typeConditionDraft(draft, type));
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

  private field(nodes: readonly FieldNode[], parentType: string): OpField {
    this.selected += 1;
    if (this.selected > MAX_SELECTED_FIELDS) {
      throw new OperationTooLargeError(
        `The operation selects more than ${MAX_SELECTED_FIELDS} fields once its fragments are expanded. Select less in one operation.`,
      );
    }
    const [first] = nodes;
    if (!first) throw new Error('a selected field has no node');
    const name = first.name.value;
    const known = this.supergraph.types.get(parentType)?.fields.get(name);
    const namedType = known?.namedType ?? 'String';
    const sets = nodes.flatMap((node) => node.selectionSet ?? []);
    const args = first.arguments ?? [];
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
    };
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

function addField(draft: Draft, node: FieldNode): void {
  const key = node.alias?.value ?? node.name.value;
  const known = draft.byKey.get(key);
  // a fragment in between may select the same field first, so this node is not merged
  if (known && !(node.selectionSet && draft.items.lastIndexOf(known) < lastConditionIndex(draft))) {
    known.push(node);
    return;
  }
  const nodes = [node];
  draft.byKey.set(key, nodes);
  draft.items.push(nodes);
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
