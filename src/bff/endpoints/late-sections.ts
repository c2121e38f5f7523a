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

/** A section that is executed beside the rest. */
export interface LateSection extends TimedSection {
  /** The operation that reads this section alone. */
  readonly document: DocumentNode;
}

/** An operation that is asked for piece by piece. */
export interface Pieces {
  /** The operation without its late sections; the document itself where there are none. */
  readonly main: DocumentNode;
  readonly late: readonly LateSection[];
}

interface Found {
  readonly node: FieldNode;
  /** The fields from the root down to the section, which is the last. */
  readonly way: readonly FieldNode[];
  readonly timeoutMs: number;
}

/**
 * Reads the sections with a `timeout` off a valid document.
 *
 *     query { user(id: 1) { name reviews @optional(timeout: "300ms") { body } } }
 *     → path user, reviews: 300
 */
export function readTimedSections(
  file: EndpointFile,
  schema: GraphQLSchema,
): { readonly sections: readonly TimedSection[]; readonly problems: readonly Problem[] } {
  const { found, problems } = findSections(file, schema, false);
  const sections = found.map(({ way, timeoutMs }) => ({ path: way.map(keyOf), timeoutMs }));
  return { sections, problems: [...problems, ...timeoutsInFragments(file)] };
}

/**
 * Parts a valid document into what comes first where the answer is sent piece by piece, and its optional sections: those at
 * the root, and those with a timeout. The objects above a section are read for it once more; at the root there are none.
 *
 *     query { user(id: 1) { name reviews @optional(timeout: "300ms") { body } } }
 *     → main  query { user(id: 1) { name } }
 *       late  query { user(id: 1) { reviews { body } } }   path user, reviews
 */
export function partIntoPieces(file: EndpointFile, schema: GraphQLSchema): Pieces {
  const { found } = findSections(file, schema, true);
  const gone = new Set(found.map(({ node }) => node));
  if (found.length === 0 || leavesNothing(file.operation, gone))
    return { main: withOperation(file, file.operation), late: [] };
  const late = found.map(({ way, timeoutMs }) => ({
    path: way.map(keyOf),
    timeoutMs,
    document: withOperation(file, { ...file.operation, selectionSet: onlyWay(way) }),
  }));
  const operation = visit(file.operation, { Field: (node) => (gone.has(node) ? null : undefined) });
  return { main: withOperation(file, operation), late };
}

function findSections(file: EndpointFile, schema: GraphQLSchema, every: boolean): Search {
  const search: Search = { file, schema, problems: [], found: [], every };
  const rootType = schema.getRootType(file.operation.operation);
  if (rootType) find(file.operation.selectionSet, rootType, [], search);
  return search;
}

interface Search {
  readonly file: EndpointFile;
  readonly schema: GraphQLSchema;
  readonly problems: Problem[];
  readonly found: Found[];
  /** Take optional sections at the root without a timeout, too: for answers that are sent piece by piece. */
  readonly every: boolean;
}

function find(set: SelectionSetNode, type: GraphQLNamedType, way: readonly FieldNode[], search: Search): void {
  for (const selection of set.selections) {
    if (selection.kind !== Kind.FIELD) continue;
    const here = [...way, selection];
    const inner =
      isObjectType(type) || isInterfaceType(type) ? type.getFields()[selection.name.value]?.type : undefined;
    const timeoutMs = timeoutOf(selection, way.length === 0 && (search.every || isNonNull(search, inner)));
    if (timeoutMs !== undefined) {
      const problem = refusal(search.file, selection, set);
      if (problem) search.problems.push(problem);
      else search.found.push({ node: selection, way: here, timeoutMs });
      continue;
    }
    if (inner === undefined || selection.selectionSet === undefined) continue;
    if (!isListType(getNullableType(inner))) find(selection.selectionSet, getNamedType(inner), here, search);
    else if (!search.every) search.problems.push(...timeoutsWithin(search.file, selection, 'a list'));
  }
}

/** Whether a field of a query cannot be null, so that it can fail alone only if nothing else is read with it. */
function isNonNull({ file }: Search, type: GraphQLOutputType | undefined): boolean {
  return file.operation.operation === 'query' && type !== undefined && isNonNullType(type);
}

/** Milliseconds; a section that has no time of its own has all of it. */
function timeoutOf(node: FieldNode, every: boolean): number | undefined {
  const optional = directiveNamed(node, 'optional');
  const own = durationOf(argumentOf(optional, 'timeout'));
  return own ?? (every && optional !== undefined ? Number.POSITIVE_INFINITY : undefined);
}

function refusal(file: EndpointFile, node: FieldNode, siblings: SelectionSetNode): Problem | undefined {
  if (file.operation.operation !== 'query') {
    const message = 'A section of a mutation cannot have a time of its own: what it does would be done twice.';
    return problemAt(file.file, node, 'ENDPOINT_OPTIONAL', message, 'Take "timeout" away.');
  }
  const key = keyOf(node);
  const twin = siblings.selections.find((other) => other.kind === Kind.FIELD && other !== node && keyOf(other) === key);
  if (twin === undefined) return undefined;
  const message = `"${key}" is read apart from the rest, but is selected beside it a second time.`;
  return problemAt(file.file, twin, 'ENDPOINT_OPTIONAL', message, 'Select everything in one place.');
}

function timeoutsWithin(file: EndpointFile, inside: ASTNode, what: string): Problem[] {
  const problems: Problem[] = [];
  visit(inside, {
    Field(node) {
      if (durationOf(argumentOf(directiveNamed(node, 'optional'), 'timeout')) === undefined) return;
      const message = `"${keyOf(node)}" has a timeout, but stands within ${what}.`;
      const hint =
        'Give the timeout to a section that is reached from the root through single objects, in the operation itself.';
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

function onlyWay(way: readonly FieldNode[]): SelectionSetNode {
  const [first, ...rest] = way as readonly [FieldNode, ...FieldNode[]];
  const node: FieldNode = rest.length === 0 ? first : { ...first, selectionSet: onlyWay(rest) };
  return { kind: Kind.SELECTION_SET, selections: [node] };
}

/** Whether the operation, or a field in it, would have no selections left. */
function leavesNothing(operation: OperationDefinitionNode, gone: ReadonlySet<SelectionNode>): boolean {
  let emptied = false;
  const look = (node: FieldNode | OperationDefinitionNode) => {
    if (node.selectionSet?.selections.every((selection) => gone.has(selection))) emptied = true;
  };
  visit(operation, { OperationDefinition: look, Field: (node) => (gone.has(node) ? false : look(node)) });
  return emptied;
}

/** The document with another operation, without the variables and fragments that it does not use. */
export function withOperation(file: EndpointFile, operation: OperationDefinitionNode): DocumentNode {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of file.document.definitions)
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  const used = new Set<FragmentDefinitionNode>();
  const variables = new Set<string>();
  const note = (node: SelectionSetNode | FragmentDefinitionNode): void => {
    visit(node, {
      Variable: ({ name }) => void variables.add(name.value),
      FragmentSpread({ name }) {
        const fragment = fragments.get(name.value);
        if (fragment === undefined || used.has(fragment)) return;
        used.add(fragment);
        note(fragment);
      },
    });
  };
  note(operation.selectionSet);
  const variableDefinitions = operation.variableDefinitions?.filter(({ variable }) =>
    variables.has(variable.name.value),
  );
  return {
    kind: Kind.DOCUMENT,
    definitions: [{ ...operation, ...(variableDefinitions && { variableDefinitions }) }, ...used],
  };
}
