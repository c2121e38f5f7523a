import {
  type ConstDirectiveNode,
  type FieldDefinitionNode,
  type GraphQLSchema,
  isInterfaceType,
  isObjectType,
  isScalarType,
  isSpecifiedScalarType,
} from 'graphql';
import { stringOf, useOf } from './arguments.ts';
import { type ServiceProblem, serviceProblem } from './service-problem.ts';

/** The service's names by their names in the supergraph. Contains only names that differ. */
export interface ServiceNames {
  readonly types: ReadonlyMap<string, string>;
  /** Field names of the service, by `Type.field` of the supergraph. */
  readonly fields: ReadonlyMap<string, string>;
}

/** The names in the supergraph by the service's names. */
export interface PublicNames {
  readonly types: ReadonlyMap<string, string>;
  /** Field names of the supergraph, by `Type.field` of the service. */
  readonly fields: ReadonlyMap<string, string>;
}

/** Converts a `Type` or `Type.field` of the service to its name in the supergraph. */
export function publicCoordinate(coordinate: string, names: ServiceNames): string {
  const [typeName = '', fieldName] = coordinate.split('.');
  const type = [...names.types].find(([, own]) => own === typeName)?.[0] ?? typeName;
  if (fieldName === undefined) return type;
  const renamed = [...names.fields].find(([known, own]) => own === fieldName && known.startsWith(`${type}.`));
  return renamed?.[0] ?? `${type}.${fieldName}`;
}

/** The names of a service in both directions. */
export interface NamesRead {
  readonly publicNames: PublicNames;
  readonly names: ServiceNames;
  readonly problems: readonly ServiceProblem[];
}

const NAME = /^(?!__)[_A-Za-z]\w*$/;

/**
 * Reads the names that differ in the supergraph: by `@rename(to:)`, by the file's prefix, and for root types with custom
 * names. The prefix applies to types and root fields, but not to entities and scalars, which sources share by name.
 */
export function readNames(schema: GraphQLSchema, prefix: string, entities: ReadonlySet<string>): NamesRead {
  const reader = new NamesReader(schema, prefix, entities);
  return reader.read();
}

class NamesReader {
  private readonly problems: ServiceProblem[] = [];
  private readonly types = new Map<string, string>();
  private readonly fields = new Map<string, string>();
  private readonly names = { types: new Map<string, string>(), fields: new Map<string, string>() };
  private readonly roots: ReadonlyMap<string, string>;
  private readonly schema: GraphQLSchema;
  private readonly prefix: string;
  private readonly entities: ReadonlySet<string>;

  constructor(schema: GraphQLSchema, prefix: string, entities: ReadonlySet<string>) {
    this.schema = schema;
    this.prefix = prefix;
    this.entities = entities;
    this.roots = rootNames(schema);
  }

  read(): NamesRead {
    const taken = new Map<string, string>();
    for (const type of Object.values(this.schema.getTypeMap())) {
      if (type.name.startsWith('__') || isSpecifiedScalarType(type)) continue;
      const rename = type.astNode ? useOf(type.astNode, 'rename') : undefined;
      const name = this.typeName(type.name, isScalarType(type), rename);
      const other = taken.get(name);
      if (other !== undefined) this.clash(rename ?? type.astNode?.name, `type "${type.name}"`, name, `"${other}"`);
      taken.set(name, type.name);
      if (name === type.name) continue;
      this.types.set(type.name, name);
      this.names.types.set(name, type.name);
    }
    for (const type of Object.values(this.schema.getTypeMap())) {
      if (!type.name.startsWith('__') && (isObjectType(type) || isInterfaceType(type))) this.readFields(type.name);
    }
    return { publicNames: { types: this.types, fields: this.fields }, names: this.names, problems: this.problems };
  }

  private typeName(name: string, isScalar: boolean, rename: ConstDirectiveNode | undefined): string {
    const root = this.roots.get(name);
    if (root !== undefined) {
      if (rename)
        this.refuse(rename, 'Root types cannot be renamed.', 'Rename their fields, or set a prefix for the file.');
      return root;
    }
    const preferred = this.preferred(rename);
    if (preferred !== undefined) return preferred;
    return isScalar || this.entities.has(name) ? name : this.prefix + name;
  }

  private readFields(typeName: string): void {
    const type = this.schema.getType(typeName);
    if (!isObjectType(type) && !isInterfaceType(type)) return;
    const publicType = this.types.get(typeName) ?? typeName;
    const taken = new Map<string, string>();
    for (const field of Object.values(type.getFields())) {
      const name = this.fieldName(typeName, field.name, field.astNode ?? undefined);
      const other = taken.get(name);
      if (other !== undefined) {
        const at = (field.astNode && useOf(field.astNode, 'rename')) ?? field.astNode?.name;
        this.clash(at, `field "${typeName}.${field.name}"`, name, `"${typeName}.${other}"`);
      }
      taken.set(name, field.name);
      if (name === field.name) continue;
      this.fields.set(`${typeName}.${field.name}`, name);
      this.names.fields.set(`${publicType}.${name}`, field.name);
    }
  }

  /** Returns the name of a field. A rename in an interface also applies to the objects that implement it. */
  private fieldName(typeName: string, fieldName: string, node: FieldDefinitionNode | undefined): string {
    const own = this.preferred(node && useOf(node, 'rename'));
    const inherited = this.inheritedName(typeName, fieldName);
    if (inherited !== undefined && own !== undefined && own !== inherited.name) {
      const message = `"${typeName}.${fieldName}" is renamed to "${own}", but the interface "${inherited.from}" renames it to "${inherited.name}".`;
      this.problems.push(
        serviceProblem(
          node && useOf(node, 'rename'),
          'RENAME_CLASH',
          message,
          'Rename the field only in the interface.',
        ),
      );
    }
    if (own !== undefined) return own;
    if (inherited !== undefined) return inherited.name;
    return this.roots.has(typeName) && this.prefix !== '' ? prefixedField(this.prefix, fieldName) : fieldName;
  }

  private inheritedName(typeName: string, fieldName: string): { name: string; from: string } | undefined {
    const type = this.schema.getType(typeName);
    if (!isObjectType(type) && !isInterfaceType(type)) return undefined;
    for (const parent of type.getInterfaces()) {
      const field = parent.getFields()[fieldName];
      const name = field?.astNode && stringOf(useOf(field.astNode, 'rename') ?? NOTHING, 'to');
      if (name) return { name, from: parent.name };
    }
    return undefined;
  }

  private preferred(rename: ConstDirectiveNode | undefined): string | undefined {
    const to = rename && stringOf(rename, 'to');
    if (to === undefined || NAME.test(to)) return to;
    this.refuse(
      rename,
      `"${to}" is not a valid name.`,
      'Use letters, digits and "_". A name cannot start with a digit or "__".',
    );
    return undefined;
  }

  private refuse(node: ConstDirectiveNode | undefined, message: string, hint: string): void {
    this.problems.push(serviceProblem(node, 'INVALID_RENAME', message, hint));
  }

  private clash(node: ServiceProblem['node'], what: string, name: string, other: string): void {
    const message = `The ${what} would have the name "${name}" in the supergraph, like ${other}.`;
    this.problems.push(serviceProblem(node, 'RENAME_CLASH', message, 'Rename one of them with @rename(to:).'));
  }
}

const NOTHING = { kind: 'Directive', name: { kind: 'Name', value: '' } } as ConstDirectiveNode;

function rootNames(schema: GraphQLSchema): Map<string, string> {
  const roots = new Map<string, string>();
  const [query, mutation, subscription] = [
    schema.getQueryType(),
    schema.getMutationType(),
    schema.getSubscriptionType(),
  ];
  if (query) roots.set(query.name, 'Query');
  if (mutation) roots.set(mutation.name, 'Mutation');
  if (subscription) roots.set(subscription.name, 'Subscription');
  return roots;
}

/** Adds the prefix to a field: `Billing`, `invoices` → `billingInvoices`; `billing_`, `invoices` → `billing_invoices`. */
function prefixedField(prefix: string, name: string): string {
  const head = prefix.charAt(0).toLowerCase() + prefix.slice(1);
  return head + (prefix.endsWith('_') ? name : name.charAt(0).toUpperCase() + name.slice(1));
}
