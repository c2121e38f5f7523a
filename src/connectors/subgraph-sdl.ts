import {
  type ASTNode,
  type ConstDirectiveNode,
  type DefinitionNode,
  type DocumentNode,
  Kind,
  type ObjectTypeDefinitionNode,
  type ObjectTypeExtensionNode,
  parse,
  type SchemaExtensionNode,
  visit,
} from 'graphql';
import { directiveUses, text } from '../supergraph/directives.ts';
import { linksConnectors, readDirectiveNames } from './directive-names.ts';
import { fieldSetOf } from './entity-lookups.ts';
import { isObjectType } from './read-connectors.ts';
import { type ConnectorModel, impliedKeys, isExternal, requiredParentFields } from './resolvable-fields.ts';

const FEDERATION_SPEC = 'https://specs.apollo.dev/federation/';

/**
 * Converts a connectors file to a federation subgraph: removes the connectors' directives and adds the keys that they imply.
 * Remaining nodes keep their locations.
 * @param newest newest federation version that can be composed. Files often link a newer one, only because connectors
 *   require it.
 *
 * @example
 * type User @connect(http: {GET: "/users/{$this.id}"}, …) { id: ID! name: String }
 * // becomes: type User @key(fields: "id") { id: ID! name: String }
 */
export function subgraphSdl(model: ConnectorModel, newest: string): DocumentNode {
  const bare = withoutConnectors(model.connectors.document);
  const federation = readFederation(bare, newest);
  const done = new Set<string>();
  const definitions = federation.document.definitions.map((definition) => {
    if (!isObjectType(definition)) return definition;
    const first = !done.has(definition.name.value);
    done.add(definition.name.value);
    return withKeys(withRequires(definition, model, federation), first ? model : undefined, federation);
  });
  return { ...federation.document, definitions };
}

function withoutConnectors(document: DocumentNode): DocumentNode {
  const names = readDirectiveNames(document);
  const isOfConnectors = (node: DefinitionNode) =>
    'name' in node && node.name !== undefined && names.isSpecs(node.name.value);
  const remaining = document.definitions.filter((node) => !isDefinitionOfSpec(node) || !isOfConnectors(node));
  return visit(
    { ...document, definitions: remaining },
    {
      Directive(node) {
        const name = node.name.value;
        return name === names.source || name === names.connect || linksConnectors(node as ConstDirectiveNode)
          ? null
          : undefined;
      },
      SchemaExtension: {
        leave: (node: SchemaExtensionNode) =>
          node.directives?.length || node.operationTypes?.length ? undefined : null,
      },
    },
  );
}

/** The specification defines directives, scalars and inputs. An object type may be named `source`. */
function isDefinitionOfSpec(node: ASTNode): boolean {
  return (
    node.kind === Kind.DIRECTIVE_DEFINITION ||
    node.kind === Kind.SCALAR_TYPE_DEFINITION ||
    node.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION
  );
}

interface Federation {
  readonly document: DocumentNode;
  /** Returns the name of a federation directive in the file. */
  nameOf(directive: string): string;
}

/** Adds federation's `@link` where it is missing, and lowers its version to one that can be composed. */
function readFederation(document: DocumentNode, newest: string): Federation {
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.SCHEMA_EXTENSION && definition.kind !== Kind.SCHEMA_DEFINITION) continue;
    const link = directiveUses(definition, 'link').find((use) => text(use.url)?.startsWith(FEDERATION_SPEC));
    if (link !== undefined) {
      return { document: withVersion(document, newest), nameOf: (name) => importedName(link, name) };
    }
  }
  const used = new Set(['key', 'requires']);
  const defined = new Set<string>();
  visit(document, {
    Directive: (node) => void used.add(node.name.value),
    DirectiveDefinition: (node) => void defined.add(node.name.value),
  });
  const imports = [...used].filter((name) => FEDERATION_DIRECTIVES.has(name) && !defined.has(name));
  const list = imports.map((name) => `"@${name}"`).join(', ');
  const link = parse(`extend schema @link(url: "${FEDERATION_SPEC}${newest}", import: [${list}])`, {
    noLocation: true,
  });
  return {
    document: { ...document, definitions: [...link.definitions, ...document.definitions] },
    nameOf: (name) => name,
  };
}

const FEDERATION_DIRECTIVES = new Set(
  'key requires provides external tag extends shareable override inaccessible interfaceObject composeDirective authenticated requiresScopes policy cost listSize context fromContext'.split(
    ' ',
  ),
);

function withVersion(document: DocumentNode, newest: string): DocumentNode {
  return visit(document, {
    StringValue(node) {
      const version = node.value.startsWith(FEDERATION_SPEC) ? node.value.slice(FEDERATION_SPEC.length) : undefined;
      if (version === undefined || minor(version) <= minor(newest)) return undefined;
      return { ...node, value: `${FEDERATION_SPEC}${newest}` };
    },
  });
}

/** Returns the minor version: 11 for `v2.11`. */
function minor(version: string): number {
  return Number(/^v2\.(\d+)/.exec(version)?.[1] ?? 0);
}

function importedName(link: Record<string, unknown>, directive: string): string {
  for (const item of Array.isArray(link.import) ? link.import : []) {
    const { name, as } = typeof item === 'string' ? { name: item, as: item } : (item as Record<string, unknown>);
    if (name === `@${directive}` && (typeof as === 'string' || as === undefined)) return String(as ?? name).slice(1);
  }
  return `${text(link.as) ?? 'federation'}__${directive}`;
}

type ObjectNode = ObjectTypeDefinitionNode | ObjectTypeExtensionNode;

function withKeys(node: ObjectNode, model: ConnectorModel | undefined, { nameOf }: Federation): ObjectNode {
  if (model === undefined) return node;
  const typeName = node.name.value;
  const key = nameOf('key');
  const written =
    model.schema.types.get(typeName)?.directives.filter((directive) => directive.name.value === key) ?? [];
  const known = new Set(directiveUses({ directives: written }, key).map((use) => normalized(text(use.fields) ?? '')));
  const added: ConstDirectiveNode[] = [];
  for (const fields of impliedKeys(model, typeName).map(fieldSetOf)) {
    if (known.has(normalized(fields))) continue;
    known.add(normalized(fields));
    added.push(directive(key, fields, node));
  }
  return added.length === 0 ? node : { ...node, directives: [...(node.directives ?? []), ...added] };
}

/** Adds `@requires` to fields whose connectors read external fields of `$this`. */
function withRequires(node: ObjectNode, model: ConnectorModel, { nameOf }: Federation): ObjectNode {
  const requires = nameOf('requires');
  const fields = node.fields?.map((field) => {
    const connectors = model.byCoordinate.get(`${node.name.value}.${field.name.value}`);
    if (connectors === undefined || field.directives?.some(({ name }) => name.value === requires)) return field;
    const external = requiredParentFields(connectors).filter((name) => isExternal(model, node.name.value, name));
    if (external.length === 0) return field;
    const paths = connectors
      .flatMap(({ references }) => references)
      .filter(({ variable, path }) => variable === '$this' && external.includes(path[0] ?? ''));
    const added = directive(requires, fieldSetOf(paths.map(({ path }) => path)), field);
    return { ...field, directives: [...(field.directives ?? []), added] };
  });
  return fields === undefined ? node : { ...node, fields };
}

function directive(name: string, fields: string, at: ASTNode): ConstDirectiveNode {
  const location = at.loc === undefined ? {} : { loc: at.loc };
  return {
    kind: Kind.DIRECTIVE,
    name: { kind: Kind.NAME, value: name },
    arguments: [
      { kind: Kind.ARGUMENT, name: { kind: Kind.NAME, value: 'fields' }, value: { kind: Kind.STRING, value: fields } },
    ],
    ...location,
  };
}

/** Normalizes the order and white space of a field set, for comparison. */
function normalized(fields: string): string {
  return fields
    .split(/[\s,]+/)
    .filter(Boolean)
    .sort()
    .join(' ');
}
