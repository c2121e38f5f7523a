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

/** What is noted while the document is walked. */
interface Walk {
  readonly file: string;
  readonly schema: GraphQLSchema;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly problems: Problem[];
  /** Where each section is first selected. */
  readonly nodes: Map<Section, FieldNode>;
  /** Fields at the root of a query, which are read apart where they are optional: no other object is lost with them. */
  readonly apart: ReadonlySet<SelectionNode>;
  optionals: number;
}

export interface Sections {
  readonly root: Section;
  /** Root keys that give one object: where such a thing is null without an error, it does not exist. */
  readonly entityKeys: readonly string[];
  readonly problems: readonly Problem[];
}

/**
 * Reads `@flatten` and `@optional` off a valid document. Fields with the same response key are one section, in
 * whichever fragments they stand.
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
    apart: new Set(endpoint.operation.operation === 'query' ? endpoint.operation.selectionSet.selections : []),
    optionals: 0,
  };
  const root = newSection();
  const rootType = schema.getRootType(endpoint.operation.operation);
  const entityKeys: string[] = [];
  if (rootType) {
    collect(walk, root, endpoint.operation.selectionSet, rootType, false);
    for (const [key, section] of root.children) if (isEntity(walk, section, rootType)) entityKeys.push(key);
  }
  settleReshapes(root);
  checkClashes(walk, root);
  const meta = keysOf(root).get('meta');
  if (walk.optionals > 0 && meta !== undefined) {
    const node = walk.nodes.get(root.children.get(meta) as Section);
    const message =
      'The answer has a key "meta" of its own, but failed @optional sections are listed in "meta.partial".';
    walk.problems.push(problemAt(walk.file, node, 'ENDPOINT_KEY_CLASH', message, 'Give that field an alias.'));
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

/** A fragment with `@flatten` flattens the sections in it that are one object; leaves and lists stay as they are. */
function canFlatten(node: FieldNode, type: GraphQLOutputType | undefined): boolean {
  return node.selectionSet !== undefined && type !== undefined && !isListType(getNullableType(type));
}

function cannotFlatten(file: string, node: FieldNode, type: GraphQLOutputType | undefined): Problem {
  const message = `@flatten stands on "${node.name.value}", which is ${type === undefined ? 'a leaf' : `of type "${type}"`}.`;
  return problemAt(
    file,
    node,
    'ENDPOINT_FLATTEN',
    message,
    'Only the fields of one object can be lifted: not of a list or a leaf.',
  );
}

function readOptional(walk: Walk, section: Section, node: FieldNode, type: GraphQLOutputType | undefined): void {
  const directive = directiveNamed(node, 'optional');
  if (directive === undefined) return;
  const fallback = jsonArgumentOf(directive, 'fallback');
  walk.optionals++;
  section.optional = { fallback };
  if (type !== undefined && isNonNullType(type) && !walk.apart.has(node)) {
    const message = `@optional stands on "${node.name.value}", which cannot be null (${type}): where it fails, the object around it is lost too.`;
    walk.problems.push(
      problemAt(
        walk.file,
        directive,
        'ENDPOINT_OPTIONAL',
        message,
        'Move @optional to the nearest section around it that can be null, or to a field at the root of a query.',
      ),
    );
  }
  if (section.flatten && fallback !== undefined && (typeof fallback !== 'object' || Array.isArray(fallback))) {
    const message = 'The fallback of a flattened section must be an object, since its fields are lifted.';
    walk.problems.push(problemAt(walk.file, directive, 'ENDPOINT_OPTIONAL', message, 'Write it as {key: value}.'));
  }
}

function isEntity(walk: Walk, section: Section, rootType: GraphQLNamedType): boolean {
  const node = walk.nodes.get(section);
  const type = node && fieldType(rootType, node);
  return type !== undefined && section.optional === undefined && isCompositeType(getNullableType(type));
}

function settleReshapes(section: Section): boolean {
  for (const child of section.children.values()) {
    if (settleReshapes(child) || child.flatten) section.reshapes = true;
  }
  return section.reshapes;
}

/** Two fields that would have the same key in the answer. Told of the flattened section, at its own place. */
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
  const from = other === lifted ? 'selected beside it already' : `lifted from "${other}" already`;
  const message = `@flatten lifts "${lifted}" out of "${key}", but "${lifted}" is ${from}.`;
  return problemAt(walk.file, walk.nodes.get(section), 'ENDPOINT_KEY_CLASH', message, 'Give one of the two an alias.');
}
