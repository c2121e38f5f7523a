import type {
  ASTNode,
  DocumentNode,
  FieldNode,
  FragmentDefinitionNode,
  GraphQLNamedType,
  GraphQLOutputType,
  GraphQLSchema,
  OperationDefinitionNode,
  SelectionNode,
  SelectionSetNode,
} from 'graphql';
import {
  getNamedType,
  getNullableType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  visit,
} from 'graphql';
import type { Problem } from '../../config/problem.ts';
import type { TimedSection } from '../../operation/timed-sections.ts';
import { argumentOf, directiveNamed, durationOf } from './directives.ts';
import type { EndpointFile } from './endpoint-file.ts';
import { problemAt } from './problem-at.ts';

/** A section that is executed separately. */
export interface DeferredSection extends TimedSection {
  /** Document that selects only this section. */
  readonly document: DocumentNode;
}

/** An operation, split for a streamed response. */
export interface SplitDocument {
  /** The document without its deferred sections. */
  readonly main: DocumentNode;
  readonly deferred: readonly DeferredSection[];
}

interface FoundSection {
  readonly node: FieldNode;
  /** Fields from the root to the section, which is the last. */
  readonly fieldPath: readonly FieldNode[];
  readonly timeoutMs: number;
}

/**
 * Returns the sections with a `timeout` in a valid document.
 *
 *     query { user(id: 1) { name reviews @optional(timeout: "300ms") { body } } }
 *     → path user, reviews: 300
 */
export function readTimedSections(
  file: EndpointFile,
  schema: GraphQLSchema,
): { readonly sections: readonly TimedSection[]; readonly problems: readonly Problem[] } {
  const { found, problems } = findSections(file, schema, false);
  const sections = found.map(({ fieldPath, timeoutMs }) => ({ path: fieldPath.map(keyOf), timeoutMs }));
  return { sections, problems: [...problems, ...timeoutsInFragments(file)] };
}

/**
 * Splits a valid document for a streamed response. Optional sections at the root, and sections with a timeout, get their own
 * operations. The operation of a nested section selects the objects above it again.
 *
 *     query { user(id: 1) { name reviews @optional(timeout: "300ms") { body } } }
 *     → main  query { user(id: 1) { name } }
 *       deferred  query { user(id: 1) { reviews { body } } }   path user, reviews
 */
export function splitDeferredSections(file: EndpointFile, schema: GraphQLSchema): SplitDocument {
  const { found } = findSections(file, schema, true);
  const removed = new Set(found.map(({ node }) => node));
  if (found.length === 0 || wouldBeEmpty(file.operation, removed))
    return { main: withOperation(file, file.operation), deferred: [] };
  const deferred = found.map(({ fieldPath, timeoutMs }) => ({
    path: fieldPath.map(keyOf),
    timeoutMs,
    document: withOperation(file, { ...file.operation, selectionSet: selectOnly(fieldPath) }),
  }));
  const operation = visit(file.operation, { Field: (node) => (removed.has(node) ? null : undefined) });
  return { main: withOperation(file, operation), deferred };
}

function findSections(file: EndpointFile, schema: GraphQLSchema, includeUntimed: boolean): Search {
  const search: Search = { file, schema, problems: [], found: [], includeUntimed };
  const rootType = schema.getRootType(file.operation.operation);
  if (rootType) find(file.operation.selectionSet, rootType, [], search);
  return search;
}

interface Search {
  readonly file: EndpointFile;
  readonly schema: GraphQLSchema;
  readonly problems: Problem[];
  readonly found: FoundSection[];
  /** Whether to include optional root sections without a timeout, for streamed responses. */
  readonly includeUntimed: boolean;
}

function find(set: SelectionSetNode, type: GraphQLNamedType, fieldPath: readonly FieldNode[], search: Search): void {
  for (const selection of set.selections) {
    if (selection.kind !== Kind.FIELD) continue;
    const here = [...fieldPath, selection];
    const inner =
      isObjectType(type) || isInterfaceType(type) ? type.getFields()[selection.name.value]?.type : undefined;
    const timeoutMs = timeoutOf(
      selection,
      fieldPath.length === 0 && (search.includeUntimed || isNonNull(search, inner)),
    );
    if (timeoutMs !== undefined) {
      const problem = problemWith(search.file, selection, set);
      if (problem) search.problems.push(problem);
      else search.found.push({ node: selection, fieldPath: here, timeoutMs });
      continue;
    }
    if (inner === undefined || selection.selectionSet === undefined) continue;
    if (!isListType(getNullableType(inner))) find(selection.selectionSet, getNamedType(inner), here, search);
    else if (!search.includeUntimed) search.problems.push(...timeoutsWithin(search.file, selection, 'a list'));
  }
}

/** Returns whether a field of a query is non-null, so that it can only fail alone if it is executed separately. */
function isNonNull({ file }: Search, type: GraphQLOutputType | undefined): boolean {
  return file.operation.operation === 'query' && type !== undefined && isNonNullType(type);
}

/** Returns the timeout in milliseconds, infinite for a section without one; `undefined` where it is not deferred. */
function timeoutOf(node: FieldNode, includeUntimed: boolean): number | undefined {
  const optional = directiveNamed(node, 'optional');
  const own = durationOf(argumentOf(optional, 'timeout'));
  return own ?? (includeUntimed && optional !== undefined ? Number.POSITIVE_INFINITY : undefined);
}

function problemWith(file: EndpointFile, node: FieldNode, siblings: SelectionSetNode): Problem | undefined {
  if (file.operation.operation !== 'query') {
    const message = 'A section of a mutation cannot have a timeout, because the mutation would be executed twice.';
    return problemAt(file.file, node, 'ENDPOINT_OPTIONAL', message, 'Remove "timeout".');
  }
  const key = keyOf(node);
  const twin = siblings.selections.find((other) => other.kind === Kind.FIELD && other !== node && keyOf(other) === key);
  if (twin === undefined) return undefined;
  const message = `"${key}" is executed separately, but is selected a second time beside it.`;
  return problemAt(file.file, twin, 'ENDPOINT_OPTIONAL', message, 'Select everything in one place.');
}

function timeoutsWithin(file: EndpointFile, inside: ASTNode, what: string): Problem[] {
  const problems: Problem[] = [];
  visit(inside, {
    Field(node) {
      if (durationOf(argumentOf(directiveNamed(node, 'optional'), 'timeout')) === undefined) return;
      const message = `"${keyOf(node)}" has a timeout, but is within ${what}.`;
      const hint =
        'Set the timeout on a section in the operation itself that has only single objects, no lists, above it.';
      problems.push(problemAt(file.file, node, 'ENDPOINT_OPTIONAL', message, hint));
    },
  });
  return problems;
}

function timeoutsInFragments(file: EndpointFile): Problem[] {
  const named = file.document.definitions.flatMap((definition) =>
    definition.kind === Kind.FRAGMENT_DEFINITION ? timeoutsWithin(file, definition, 'a fragment') : [],
  );
  const inline: Problem[] = [];
  visit(file.operation, {
    InlineFragment(node) {
      inline.push(...timeoutsWithin(file, node, 'a fragment'));
      return false;
    },
  });
  return [...named, ...inline];
}

function keyOf(node: FieldNode): string {
  return (node.alias ?? node.name).value;
}

function selectOnly(fieldPath: readonly FieldNode[]): SelectionSetNode {
  const [first, ...rest] = fieldPath as readonly [FieldNode, ...FieldNode[]];
  const node: FieldNode = rest.length === 0 ? first : { ...first, selectionSet: selectOnly(rest) };
  return { kind: Kind.SELECTION_SET, selections: [node] };
}

/** Returns whether the operation, or a field in it, would have no selections left. */
function wouldBeEmpty(operation: OperationDefinitionNode, removed: ReadonlySet<SelectionNode>): boolean {
  let emptied = false;
  const check = (node: FieldNode | OperationDefinitionNode) => {
    if (node.selectionSet?.selections.every((selection) => removed.has(selection))) emptied = true;
  };
  visit(operation, { OperationDefinition: check, Field: (node) => (removed.has(node) ? false : check(node)) });
  return emptied;
}

/** Returns the document with another operation, without the variables and fragments that it does not use. */
export function withOperation(file: EndpointFile, operation: OperationDefinitionNode): DocumentNode {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of file.document.definitions)
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  const used = new Set<FragmentDefinitionNode>();
  const variables = new Set<string>();
  const collectUses = (node: SelectionSetNode | FragmentDefinitionNode): void => {
    visit(node, {
      Variable: ({ name }) => void variables.add(name.value),
      FragmentSpread({ name }) {
        const fragment = fragments.get(name.value);
        if (fragment === undefined || used.has(fragment)) return;
        used.add(fragment);
        collectUses(fragment);
      },
    });
  };
  collectUses(operation.selectionSet);
  const variableDefinitions = operation.variableDefinitions?.filter(({ variable }) =>
    variables.has(variable.name.value),
  );
  return {
    kind: Kind.DOCUMENT,
    definitions: [{ ...operation, ...(variableDefinitions && { variableDefinitions }) }, ...used],
  };
}
