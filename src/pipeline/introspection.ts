import type {
  DocumentNode,
  FragmentDefinitionNode,
  GraphQLFormattedError,
  GraphQLSchema,
  OperationDefinitionNode,
  SelectionNode,
  SelectionSetNode,
} from 'graphql';
import { BREAK, executeSync, Kind, visit } from 'graphql';
import { LRUCache } from 'lru-cache';
import { IntrospectionBound } from './introspection-size.ts';
import type { LimitRefusal } from './limits.ts';

export interface Introspected {
  /** JSON texts by response key. */
  readonly texts: ReadonlyMap<string, string>;
  readonly errors: readonly GraphQLFormattedError[];
}

export const NOTHING_INTROSPECTED: Introspected = { texts: new Map(), errors: [] };

/** An operation cut down to its introspection fields; `undefined` where it has none. */
export function introspectionPart(
  document: DocumentNode,
  operation: OperationDefinitionNode,
): DocumentNode | undefined {
  if (operation.operation !== 'query') return undefined;
  const cutter = new Cutter(document);
  const selectionSet = cutter.cut(operation.selectionSet);
  if (selectionSet.selections.length === 0) return undefined;
  return { kind: Kind.DOCUMENT, definitions: [{ ...operation, selectionSet }, ...cutter.fragments()] };
}

/**
 * Leaves the introspection fields of root selections, and fragments with some. Each fragment is cut once, and stays a
 * fragment: written out, they could be many more than there are.
 */
class Cutter {
  private readonly whole = new Map<string, FragmentDefinitionNode>();
  /** What is left of fragments that are spread at the root. */
  private readonly left = new Map<string, FragmentDefinitionNode>();

  constructor({ definitions }: DocumentNode) {
    for (const definition of definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION) this.whole.set(definition.name.value, definition);
    }
  }

  /** Fragments that are spread at the root as they were cut, the others whole. */
  fragments(): FragmentDefinitionNode[] {
    return [...new Map([...this.whole, ...this.left]).values()].filter((f) => f.selectionSet.selections.length > 0);
  }

  cut({ selections, kind }: SelectionSetNode): SelectionSetNode {
    const kept = selections.flatMap((selection): SelectionNode[] => {
      if (selection.kind === Kind.FIELD) return isIntrospection(selection.name.value) ? [selection] : [];
      if (selection.kind === Kind.FRAGMENT_SPREAD) return this.hasSome(selection.name.value) ? [selection] : [];
      const selectionSet = this.cut(selection.selectionSet);
      return selectionSet.selections.length === 0 ? [] : [{ ...selection, selectionSet }];
    });
    return { kind, selections: kept };
  }

  private hasSome(name: string): boolean {
    let left = this.left.get(name);
    const whole = this.whole.get(name);
    if (!left && whole) {
      left = { ...whole, selectionSet: this.cut(whole.selectionSet) };
      this.left.set(name, left);
    }
    return left !== undefined && left.selectionSet.selections.length > 0;
  }
}

function isIntrospection(name: string): boolean {
  return name === '__schema' || name === '__type';
}

/** Characters of JSON text that are kept of one schema's answers. */
const CHARACTERS_KEPT = 8_000_000;

/**
 * Answers introspection fields from the public schema, as the reference implementation does. What does not depend on
 * variables is answered once and kept: tools ask the same large question again and again.
 */
export class Introspector {
  private readonly schema: GraphQLSchema;
  private readonly bound: IntrospectionBound;
  private readonly refused = new WeakMap<DocumentNode, LimitRefusal>();
  private readonly known = new LRUCache<DocumentNode, Introspected>({
    maxSize: CHARACTERS_KEPT,
    sizeCalculation: ({ texts, errors }) => {
      let size = 1_000 * (1 + errors.length);
      for (const text of texts.values()) size += text.length;
      return size;
    },
  });

  constructor(schema: GraphQLSchema) {
    this.schema = schema;
    this.bound = new IntrospectionBound(schema);
  }

  /** Why an introspection is refused: it asks for more than any tool has to. Arguments as for {@link answer}. */
  refuse(document: DocumentNode, variables: Readonly<Record<string, unknown>>): LimitRefusal | undefined {
    if (this.known.has(document)) return undefined;
    const known = this.refused.get(document);
    if (known) return known;
    const allowed = this.bound.exceededBy(document, variables);
    if (allowed === undefined) return undefined;
    const refusal = tooMuch(allowed);
    if (!usesVariables(document)) this.refused.set(document, refusal);
    return refusal;
  }

  /** @param document what `introspectionPart` has left of an operation, the same object each time */
  answer(document: DocumentNode, variables: Readonly<Record<string, unknown>>): Introspected {
    const kept = this.known.get(document);
    if (kept) return kept;
    const introspected = introspect(this.schema, document, variables);
    if (!usesVariables(document)) this.known.set(document, introspected);
    return introspected;
  }
}

function usesVariables({ definitions }: DocumentNode): boolean {
  let uses = false;
  for (const definition of definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION && definition.kind !== Kind.FRAGMENT_DEFINITION) continue;
    visit(definition.selectionSet, {
      Variable() {
        uses = true;
        return BREAK;
      },
    });
  }
  return uses;
}

function introspect(
  schema: GraphQLSchema,
  document: DocumentNode,
  variables: Readonly<Record<string, unknown>>,
): Introspected {
  const { data, errors } = executeSync({ schema, document, variableValues: variables });
  const texts = new Map<string, string>();
  for (const [key, value] of Object.entries(data ?? {})) texts.set(key, JSON.stringify(value));
  return { texts, errors: (errors ?? []).map((error) => error.toJSON()) };
}

function tooMuch(allowed: number): LimitRefusal {
  const message =
    `The introspection asks for more than ${allowed} values, which is all that it may. ` +
    'Ask for less of the schema in one operation, with fewer aliases.';
  return { refusal: 'limit', errors: [{ message, extensions: { code: 'MAX_INTROSPECTION_LIMIT' } }] };
}
