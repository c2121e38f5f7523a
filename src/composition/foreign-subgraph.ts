import {
  type ConstArgumentNode,
  type ConstDirectiveNode,
  type DefinitionNode,
  type DocumentNode,
  type FieldDefinitionNode,
  type InputValueDefinitionNode,
  isTypeDefinitionNode,
  Kind,
  type NamedTypeNode,
  parseType,
  type SchemaDefinitionNode,
  type SchemaExtensionNode,
  type TypeDefinitionNode,
} from 'graphql';
import { directiveUses, text } from '../supergraph/directives.ts';
import { isFederationInternal } from '../supergraph/join-spec.ts';

/** A subgraph in a supergraph. */
export interface Graph {
  /** The value of the join enum, `PRODUCTS`. */
  readonly id: string;
  readonly name: string;
}

const JOIN_DIRECTIVE = 'join__directive';

/** Returns the subgraphs of a supergraph that have connectors as Apollo's composition writes them. */
export function connectedGraphs(document: DocumentNode): Graph[] {
  const ids = new Set<string>();
  const collect = (node: WithDirectives) => {
    for (const use of directiveUses(node, JOIN_DIRECTIVE)) {
      const isLink = use.name === 'link' && /\/connect\/v/.test(JSON.stringify(use.args));
      if (isLink || use.name === 'source' || use.name === 'connect')
        for (const graph of Array.isArray(use.graphs) ? use.graphs : [use.graphs]) ids.add(String(graph));
    }
  };
  for (const node of document.definitions) {
    if (isSchema(node) || isTypeDefinitionNode(node)) collect(node);
    if ('fields' in node) for (const field of node.fields ?? []) collect(field as WithDirectives);
  }
  return document.definitions.flatMap((node) => {
    if (node.kind !== Kind.ENUM_TYPE_DEFINITION || node.name.value !== 'join__Graph') return [];
    return (node.values ?? [])
      .filter(({ name }) => ids.has(name.value))
      .map((value) => ({
        id: value.name.value,
        name: text(directiveUses(value, 'join__graph')[0]?.name) ?? value.name.value,
      }));
  });
}

function isSchema(node: DefinitionNode): node is SchemaDefinitionNode | SchemaExtensionNode {
  return node.kind === Kind.SCHEMA_DEFINITION || node.kind === Kind.SCHEMA_EXTENSION;
}

interface WithDirectives {
  readonly directives?: readonly ConstDirectiveNode[] | undefined;
}

/**
 * Rebuilds the schema file of one subgraph from the supergraph, as far as connectors need it. Nodes keep their
 * locations in the supergraph.
 *
 * In:  `type User @join__type(graph: A, key: "id") { id: ID! name: String @join__field(graph: B) }`, graph `A`
 * Out: `type User @key(fields: "id") { id: ID! }`
 */
export function subgraphOf(document: DocumentNode, graph: string): DocumentNode {
  const definitions: DefinitionNode[] = [];
  for (const node of document.definitions) {
    if (isSchema(node)) {
      const directives = ownDirectives(node, graph);
      if (directives.length > 0) definitions.push({ kind: Kind.SCHEMA_EXTENSION, directives });
    } else if (isTypeDefinitionNode(node) && !isFederationInternal(node.name.value) && !BUILT_IN.has(node.name.value)) {
      const own = ownType(node, graph);
      if (own) definitions.push(own);
    }
  }
  return { kind: Kind.DOCUMENT, definitions };
}

const BUILT_IN = new Set(['ID', 'String', 'Int', 'Float', 'Boolean']);

/** The arguments of a `@join__type`, and its node. */
type Join = Record<string, unknown> & { readonly node: ConstDirectiveNode };

function ownType(node: TypeDefinitionNode, graph: string): TypeDefinitionNode | undefined {
  const joins = (node.directives ?? []).flatMap((join): Join[] => {
    const [use] = directiveUses({ directives: [join] }, 'join__type');
    return use?.graph === graph ? [{ ...use, node: join }] : [];
  });
  if (joins.length === 0) return undefined;
  const keys = joins.flatMap((join) => keyOf(join));
  const directives = [...keys, ...ownDirectives(node, graph)];
  switch (node.kind) {
    case Kind.OBJECT_TYPE_DEFINITION:
    case Kind.INTERFACE_TYPE_DEFINITION: {
      const fields = (node.fields ?? []).flatMap((field) => ownField(field, graph) ?? []);
      if (fields.length === 0) return undefined;
      if (joins.some((join) => join.isInterfaceObject === true)) return asObject(node, directives, fields);
      return { ...node, directives, interfaces: interfacesOf(node, graph), fields };
    }
    case Kind.UNION_TYPE_DEFINITION: {
      const members = directiveUses(node, 'join__unionMember').filter((use) => use.graph === graph);
      const names = new Set(members.map(({ member }) => member));
      return { ...node, directives: [], types: (node.types ?? []).filter(({ name }) => names.has(name.value)) };
    }
    case Kind.ENUM_TYPE_DEFINITION: {
      const values = (node.values ?? []).filter((value) => isIn(value, 'join__enumValue', graph));
      return { ...node, directives: [], values: values.map((value) => ({ ...value, directives: [] })) };
    }
    case Kind.INPUT_OBJECT_TYPE_DEFINITION: {
      const fields = (node.fields ?? []).filter((field) => isIn(field, 'join__field', graph));
      return { ...node, directives: [], fields: fields.map(bareInput) };
    }
    default:
      return { ...node, directives: [] };
  }
}

/** Returns an interface of other subgraphs as this subgraph defines it: as an object with `@interfaceObject`. */
function asObject(
  { name, loc }: TypeDefinitionNode,
  directives: readonly ConstDirectiveNode[],
  fields: readonly FieldDefinitionNode[],
): TypeDefinitionNode {
  const all = [...directives, directive('interfaceObject', [])];
  return { kind: Kind.OBJECT_TYPE_DEFINITION, name, directives: all, fields, ...(loc && { loc }) };
}

function interfacesOf(
  node: WithDirectives & { readonly interfaces?: readonly NamedTypeNode[] | undefined },
  graph: string,
): readonly NamedTypeNode[] {
  const own = directiveUses(node, 'join__implements').filter((use) => use.graph === graph);
  const names = new Set(own.map((use) => use.interface));
  return (node.interfaces ?? []).filter(({ name }) => names.has(name.value));
}

/** Returns whether an element is in a subgraph; an element without a join is in all of them. */
function isIn(node: WithDirectives, directive: string, graph: string): boolean {
  const joins = directiveUses(node, directive).filter((join) => join.graph !== undefined);
  return joins.length === 0 || joins.some((join) => join.graph === graph);
}

function ownField(field: FieldDefinitionNode, graph: string): FieldDefinitionNode | undefined {
  if (!isIn(field, 'join__field', graph)) return undefined;
  const join = directiveUses(field, 'join__field').find((use) => use.graph === graph);
  const type = text(join?.type);
  const isExternal = join?.external === true || join?.usedOverridden === true;
  const directives = [...(isExternal ? [directive('external', [])] : []), ...ownDirectives(field, graph)];
  return {
    ...field,
    type: type === undefined ? field.type : parseType(type, { noLocation: true }),
    arguments: (field.arguments ?? []).map(bareInput),
    directives,
  };
}

function bareInput(value: InputValueDefinitionNode): InputValueDefinitionNode {
  return { ...value, directives: [] };
}

/** Returns the directives that a subgraph has at a node, from `@join__directive`. */
function ownDirectives({ directives = [] }: WithDirectives, graph: string): ConstDirectiveNode[] {
  return directives.flatMap((node) => {
    if (node.name.value !== JOIN_DIRECTIVE) return [];
    const [use] = directiveUses({ directives: [node] }, JOIN_DIRECTIVE);
    const graphs = Array.isArray(use?.graphs) ? use.graphs : [use?.graphs];
    if (!graphs.includes(graph) || typeof use?.name !== 'string') return [];
    const args = node.arguments?.find(({ name }) => name.value === 'args')?.value;
    const fields = args?.kind === Kind.OBJECT ? args.fields : [];
    const own = fields.map((field): ConstArgumentNode => ({ ...field, kind: Kind.ARGUMENT }));
    return [directive(use.name, own, node)];
  });
}

function keyOf({
  key,
  resolvable,
  node,
}: Record<string, unknown> & { node: ConstDirectiveNode }): ConstDirectiveNode[] {
  if (typeof key !== 'string') return [];
  const name = { kind: Kind.NAME, value: 'fields' } as const;
  const own: ConstArgumentNode[] = [{ kind: Kind.ARGUMENT, name, value: { kind: Kind.STRING, value: key } }];
  if (resolvable === false) {
    const flag = { kind: Kind.NAME, value: 'resolvable' } as const;
    own.push({ kind: Kind.ARGUMENT, name: flag, value: { kind: Kind.BOOLEAN, value: false } });
  }
  return [directive('key', own, node)];
}

function directive(name: string, own: readonly ConstArgumentNode[], at?: ConstDirectiveNode): ConstDirectiveNode {
  const node = { kind: Kind.DIRECTIVE, name: { kind: Kind.NAME, value: name }, arguments: own } as const;
  return at?.loc ? { ...node, loc: at.loc } : node;
}
