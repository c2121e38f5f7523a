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
import type { DeferGroup } from '../../operation/defer-groups.ts';
import { argumentOf, directiveNamed, durationOf } from './directives.ts';
import type { EndpointFile } from './endpoint-file.ts';
import { problemAt } from './problem-at.ts';

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
export function readDeferGroups(
  file: EndpointFile,
  schema: GraphQLSchema,
): { readonly groups: readonly DeferGroup[]; readonly problems: readonly Problem[] } {
  const { found, problems } = findSections(file, schema, false);
  return { groups: found.map(groupOf), problems: [...problems, ...timeoutsInFragments(file)] };
}

/**
 * Returns the sections that are streamed each on its own: optional ones at the root, and those with a timeout. None where
 * the rest would have an object without fields.
 *
 *     query { user(id: 1) { name reviews @optional(timeout: "300ms") { body } } news @optional { title } }
 *     → path user, reviews: 300; path news: infinite
 */
export function readStreamedGroups(file: EndpointFile, schema: GraphQLSchema): readonly DeferGroup[] {
  const { found } = findSections(file, schema, true);
  const removed = new Set(found.map(({ node }) => node));
  return wouldBeEmpty(file.operation, removed) ? [] : found.map(groupOf);
}

function groupOf({ fieldPath, timeoutMs }: FoundSection): DeferGroup {
  return { path: fieldPath.map(keyOf), timeoutMs };
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
    }
    if (inner === undefined || selection.selectionSet === undefined) continue;
    if (!isListType(getNullableType(inner))) find(selection.selectionSet, getNamedType(inner), here, search);
    else if (!search.includeUntimed)
      search.problems.push(...timeoutsWithin(search.file, selection.selectionSet, 'a list'));
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
    const message =
      file.operation.operation === 'mutation'
        ? 'A section of a mutation cannot have a timeout, because the mutation would be executed twice.'
        : 'A section of a subscription cannot have a timeout: each event is sent as a whole.';
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

/** Returns whether the operation, or a field in it, would have no selections left. */
function wouldBeEmpty(operation: OperationDefinitionNode, removed: ReadonlySet<SelectionNode>): boolean {
  let emptied = false;
  const check = (node: FieldNode | OperationDefinitionNode) => {
    if (node.selectionSet?.selections.every((selection) => removed.has(selection))) emptied = true;
  };
  visit(operation, { OperationDefinition: check, Field: (node) => (removed.has(node) ? false : check(node)) });
  return emptied;
}

/** Returns the document without the variables and fragments that its operation does not use; only a shape does. */
export function executedDocument({ document, operation }: EndpointFile): DocumentNode {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of document.definitions)
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
