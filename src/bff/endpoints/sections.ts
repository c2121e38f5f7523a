import type {
  DocumentNode,
  FieldNode,
  FragmentDefinitionNode,
  GraphQLSchema,
  SelectionNode,
  SelectionSetNode,
} from 'graphql';
import {
  type GraphQLNamedType,
  type GraphQLOutputType,
  getNamedType,
  getNullableType,
  isCompositeType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
} from 'graphql';
import type { Problem } from '../../config/problem.ts';
import { directiveNamed, jsonArgumentOf } from './directives.ts';
import type { EndpointFile } from './endpoint-file.ts';
import { problemAt } from './problem-at.ts';
import { keysOf, type Section } from './shape.ts';

/** State of the traversal of a document. */
interface Walk {
  readonly file: string;
  readonly schema: GraphQLSchema;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly problems: Problem[];
  /** Where each section is first selected. */
  readonly nodes: Map<Section, FieldNode>;
  /** Root selections of a query. Optional ones are executed separately, so they may be non-null. */
  readonly rootSelections: ReadonlySet<SelectionNode>;
  optionals: number;
}

/** The sections of a document. */
export interface Sections {
  readonly root: Section;
  /** Root keys of single objects. Null without an error means that the object does not exist. */
  readonly entityKeys: readonly string[];
  readonly problems: readonly Problem[];
}

/**
 * Reads `@flatten` and `@optional` in a valid document. Fields with the same response key are one section, even in different
 * fragments.
 *
 *     query { user(id: 1) { profile @flatten { name } reviews @optional { body } } }
 *     → user { profile (flatten) { name }, reviews (optional) { body } }
 */
export function readSections(endpoint: EndpointFile, schema: GraphQLSchema): Sections {
  const walk: Walk = {
    file: endpoint.file,
    schema,
    fragments: fragmentsOf(endpoint.document),
    problems: [],
    nodes: new Map(),
    rootSelections: new Set(endpoint.operation.operation === 'query' ? endpoint.operation.selectionSet.selections : []),
    optionals: 0,
  };
  const root = newSection();
  const rootType = schema.getRootType(endpoint.operation.operation);
  const entityKeys: string[] = [];
  if (rootType) {
    collect(walk, root, endpoint.operation.selectionSet, rootType, false);
    for (const [key, section] of root.children) if (isEntity(walk, section, rootType)) entityKeys.push(key);
  }
  markReshapes(root);
  checkClashes(walk, root);
  const meta = keysOf(root).get('meta');
  if (walk.optionals > 0 && meta !== undefined) {
    const node = walk.nodes.get(root.children.get(meta) as Section);
    const message = 'The response has its own key "meta", but failed @optional sections are listed in "meta.partial".';
    walk.problems.push(problemAt(walk.file, node, 'ENDPOINT_KEY_CLASH', message, 'Use an alias for that field.'));
  }
  return { root, entityKeys, problems: walk.problems };
}

function newSection(): Section {
  return { children: new Map(), flatten: false, optional: undefined, reshapes: false };
}

function fragmentsOf(document: DocumentNode): Map<string, FragmentDefinitionNode> {
  const fragments = document.definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
  return new Map(fragments.map((fragment) => [fragment.name.value, fragment]));
}

function collect(walk: Walk, into: Section, set: SelectionSetNode, parent: GraphQLNamedType, flatten: boolean): void {
  for (const selection of set.selections) {
    if (selection.kind === Kind.FIELD) {
      collectField(walk, into, selection, parent, flatten);
      continue;
    }
    const flattened = flatten || directiveNamed(selection, 'flatten') !== undefined;
    const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? walk.fragments.get(selection.name.value) : selection;
    const condition = fragment?.typeCondition?.name.value;
    const type = condition === undefined ? parent : walk.schema.getType(condition);
    if (fragment && type) collect(walk, into, fragment.selectionSet, type, flattened);
  }
}

function collectField(walk: Walk, into: Section, node: FieldNode, parent: GraphQLNamedType, flattenAll: boolean): void {
  const key = (node.alias ?? node.name).value;
  const section = into.children.get(key) ?? newSection();
  into.children.set(key, section);
  if (!walk.nodes.has(section)) walk.nodes.set(section, node);
  const type = fieldType(parent, node);
  const flatten = directiveNamed(node, 'flatten') !== undefined;
  if (flatten || (flattenAll && canFlatten(node, type))) {
    section.flatten = true;
    if (!canFlatten(node, type)) walk.problems.push(cannotFlatten(walk.file, node, type));
  }
  readOptional(walk, section, node, type);
  if (node.selectionSet && type) collect(walk, section, node.selectionSet, getNamedType(type), false);
}

function fieldType(parent: GraphQLNamedType, node: FieldNode): GraphQLOutputType | undefined {
  if (!isObjectType(parent) && !isInterfaceType(parent)) return undefined;
  return parent.getFields()[node.name.value]?.type;
}

/** Returns whether a field is a single object. A fragment with `@flatten` leaves lists and leaf fields unchanged. */
function canFlatten(node: FieldNode, type: GraphQLOutputType | undefined): boolean {
  return node.selectionSet !== undefined && type !== undefined && !isListType(getNullableType(type));
}

function cannotFlatten(file: string, node: FieldNode, type: GraphQLOutputType | undefined): Problem {
  const message = `@flatten is on "${node.name.value}", which is ${type === undefined ? 'a leaf field' : `of type "${type}"`}.`;
  return problemAt(
    file,
    node,
    'ENDPOINT_FLATTEN',
    message,
    'Use @flatten on a single object, not on a list or a leaf field.',
  );
}

function readOptional(walk: Walk, section: Section, node: FieldNode, type: GraphQLOutputType | undefined): void {
  const directive = directiveNamed(node, 'optional');
  if (directive === undefined) return;
  const fallback = jsonArgumentOf(directive, 'fallback');
  walk.optionals++;
  section.optional = { fallback };
  if (type !== undefined && isNonNullType(type) && !walk.rootSelections.has(node)) {
    const message = `@optional is on "${node.name.value}", which is non-null (${type}). If it fails, its parent object fails too.`;
    walk.problems.push(
      problemAt(
        walk.file,
        directive,
        'ENDPOINT_OPTIONAL',
        message,
        'Move @optional to the nearest nullable section around it, or to a root field of a query.',
      ),
    );
  }
  if (section.flatten && fallback !== undefined && (typeof fallback !== 'object' || Array.isArray(fallback))) {
    const message =
      'The fallback of a flattened section must be an object, because its fields are moved to the parent object.';
    walk.problems.push(problemAt(walk.file, directive, 'ENDPOINT_OPTIONAL', message, 'Write it as {key: value}.'));
  }
}

function isEntity(walk: Walk, section: Section, rootType: GraphQLNamedType): boolean {
  const node = walk.nodes.get(section);
  const type = node && fieldType(rootType, node);
  return type !== undefined && section.optional === undefined && isCompositeType(getNullableType(type));
}

function markReshapes(section: Section): boolean {
  for (const child of section.children.values()) {
    if (markReshapes(child) || child.flatten) section.reshapes = true;
  }
  return section.reshapes;
}

/** Reports fields that would have the same key in the response, at the place of the flattened section. */
function checkClashes(walk: Walk, section: Section): void {
  const taken = new Map([...section.children].filter(([, child]) => !child.flatten).map(([key]) => [key, key]));
  for (const [key, child] of section.children) {
    checkClashes(walk, child);
    if (!child.flatten) continue;
    for (const lifted of keysOf(child).keys()) {
      const other = taken.get(lifted);
      if (other !== undefined) walk.problems.push(clash(walk, child, key, lifted, other));
      taken.set(lifted, key);
    }
  }
}

function clash(walk: Walk, section: Section, key: string, lifted: string, other: string): Problem {
  const from = other === lifted ? 'already selected there' : `already moved there from "${other}"`;
  const message = `@flatten moves "${lifted}" out of "${key}", but "${lifted}" is ${from}.`;
  return problemAt(
    walk.file,
    walk.nodes.get(section),
    'ENDPOINT_KEY_CLASH',
    message,
    'Use an alias for one of the two.',
  );
}
