import { type FieldDescription, INPUT_SDL, type WorldDescription } from './description.ts';
import { fieldsOfType, forEachFieldSet, interfaceFieldsIn, readFieldSet, roleIn, walkFieldSet } from './model.ts';
import { printArguments, printFieldType } from './monolith.ts';
import { knownEnumValues } from './truth.ts';

export interface SubgraphSchema {
  readonly typeDefs: string;
  /** Object types of the subgraph and the fields that they have there. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
}

/** The argument that takes a context's value. */
export const CONTEXT_ARGUMENT = 'held';

const SHOWN = '@tag(name: "shown")';

/** The tag that the world's contract goes by. */
function printTag({ contract }: WorldDescription, { uncontracted }: FieldDescription): string {
  if (contract === 'include') return uncontracted ? '' : ` ${SHOWN}`;
  return contract === 'exclude' && uncontracted ? ' @tag(name: "hidden")' : '';
}

/** The federation SDL of one subgraph of a world; `undefined` when nothing is left for it to define. */
export function subgraphSchema(world: WorldDescription, subgraph: string): SubgraphSchema | undefined {
  const printer = new SubgraphPrinter(world, subgraph);
  return printer.print();
}

/** Follows references from the subgraph's root fields and entities, and prints each type it meets. */
class SubgraphPrinter {
  readonly world: WorldDescription;
  readonly subgraph: string;
  readonly fields = new Map<string, string[]>();
  readonly parts = new Map<string, string>();
  /** `Type.field` of the fields that are only here for a `@requires` or `@provides`. */
  readonly externals: Set<string>;
  readonly provided: Set<string>;

  constructor(world: WorldDescription, subgraph: string) {
    this.world = world;
    this.subgraph = subgraph;
    this.externals = externalFields(world, subgraph);
    this.provided = providedFields(world);
  }

  print(): SubgraphSchema | undefined {
    const { world, subgraph } = this;
    this.printRoot('Query', world.query);
    this.printRoot('Mutation', world.mutation ?? {});
    for (const [name, entity] of Object.entries(world.entities)) if (entity.keys[subgraph]) this.need(name);
    for (const [name, description] of Object.entries(world.interfaces)) {
      if (description.members[subgraph] || description.entity?.objects[subgraph]) this.need(name);
    }
    for (const [name, description] of Object.entries(world.unions)) if (description.members[subgraph]) this.need(name);
    if (this.parts.size === 0) return undefined;
    return { typeDefs: [...this.parts.values()].join('\n'), fields: this.fields };
  }

  printRoot(type: string, fields: Readonly<Record<string, FieldDescription>>): void {
    const roots = Object.entries(fields).filter(([, field]) => field.owners.includes(this.subgraph));
    if (roots.length === 0) return;
    const names = roots.map(([name]) => name);
    const lines = roots.map(([name, field]) => this.printField(type, name, field));
    this.fields.set(type, names);
    this.parts.set(type, `type ${type}${this.contextsOf(type)} {\n${lines.join('\n')}\n}`);
  }

  /** `@context` for each context of this subgraph that the type sets. */
  contextsOf(type: string): string {
    return Object.entries(this.world.contexts ?? {})
      .filter(([, { subgraph, setters }]) => subgraph === this.subgraph && setters[type] !== undefined)
      .map(([name]) => ` @context(name: "${name}")`)
      .join('');
  }

  /** The arguments of a field as its subgraph declares them. */
  printOwnArguments(field: FieldDescription): string {
    const context = field.context === undefined ? undefined : this.world.contexts?.[field.context];
    if (!context || context.subgraph !== this.subgraph) return printArguments(field);
    const branches = Object.entries(context.setters).map(([type, name]) => `... on ${type} { ${name} }`);
    const [only] = Object.values(context.setters);
    const selection = branches.length === 1 ? `{ ${only} }` : branches.join(' ');
    const argument = `${CONTEXT_ARGUMENT}: ${context.type} @fromContext(field: "$${field.context} ${selection}")`;
    const others = Object.entries(field.args ?? {}).map(([name, type]) => `${name}: ${type}`);
    return `(${[...others, argument].join(', ')})`;
  }

  /** Prints a named type once, and everything that it refers to. */
  need(name: string): void {
    const { world, subgraph } = this;
    if (this.parts.has(name)) return;
    this.parts.set(name, '');
    if (world.entities[name] || world.values[name]) this.parts.set(name, this.printObject(name));
    else if (world.interfaces[name]) this.parts.set(name, this.printInterface(name));
    else if (world.unions[name]) this.parts.set(name, this.printUnion(name));
    else if (world.enums[name]) {
      const known = knownEnumValues(world, { type: name, wrapping: '', owners: [subgraph] });
      this.parts.set(name, `enum ${name} { ${known.join(' ')} }`);
    } else if (name === 'Blob') this.parts.set(name, 'scalar Blob');
    else if (name === 'In') this.parts.set(name, INPUT_SDL);
    else this.parts.delete(name);
  }

  printObject(type: string): string {
    const { world, subgraph } = this;
    const entity = world.entities[type];
    const directives = entity
      ? (entity.keys[subgraph] ?? []).map(
          (key) => `@key(fields: "${key.fields}"${key.stub ? ', resolvable: false' : ''})`,
        )
      : ['@shareable'];
    const interfaces = Object.keys(world.interfaces).filter((name) =>
      world.interfaces[name]?.members[subgraph]?.includes(type),
    );
    for (const name of interfaces) this.need(name);
    const own = (entity ?? world.values[type])?.fields ?? {};
    const present = Object.entries(own).filter(
      ([name]) => roleIn(world, subgraph, type, name) !== undefined || this.externals.has(`${type}.${name}`),
    );
    this.fields.set(
      type,
      present.map(([name]) => name),
    );
    const clause = interfaces.length > 0 ? ` implements ${interfaces.join(' & ')}` : '';
    const lines = present.map(([name, field]) => this.printField(type, name, field));
    return `type ${type}${clause} ${directives.join(' ')}${this.contextsOf(type)} {\n${lines.join('\n')}\n}`;
  }

  printInterface(name: string): string {
    const { world, subgraph } = this;
    const description = world.interfaces[name];
    const entity = description?.entity;
    const objectFields = entity?.objects[subgraph];
    const member = Object.values(description?.members ?? {}).flat()[0] ?? '';
    const memberFields = fieldsOfType(world, member);
    if (entity && objectFields) {
      const externals = [...memberFields.keys()].filter(
        (field) => !objectFields[field] && this.externals.has(`${name}.${field}`),
      );
      const names = [entity.key, ...externals, ...Object.keys(objectFields)];
      this.fields.set(name, names);
      const lines = names.map((field) =>
        this.printField(name, field, objectFields[field] ?? memberFields.get(field)?.field),
      );
      return `type ${name} @interfaceObject @key(fields: "${entity.key}") {\n${lines.join('\n')}\n}`;
    }
    for (const type of description?.members[subgraph] ?? []) this.need(type);
    const key = entity && entity.home === subgraph ? ` @key(fields: "${entity.key}")` : '';
    if (key) this.fields.set(name, []);
    const tag = world.contract === 'include' ? ` ${SHOWN}` : '';
    const lines = interfaceFieldsIn(world, subgraph, name).map(
      (field) => this.printBareField(field, memberFields.get(field)?.field) + tag,
    );
    return `interface ${name}${key} {\n${lines.join('\n')}\n}`;
  }

  printUnion(name: string): string {
    const members = this.world.unions[name]?.members[this.subgraph] ?? [];
    for (const member of members) this.need(member);
    const tag = this.world.contract === 'include' ? ` ${SHOWN}` : '';
    return `union ${name}${tag} = ${members.join(' | ')}`;
  }

  printBareField(name: string, field: FieldDescription | undefined): string {
    if (!field) throw new Error(`No type of the interface has the field ${name}`);
    this.need(field.type);
    for (const type of Object.values(field.args ?? {})) this.need(/\w+/.exec(type)?.[0] ?? '');
    const nullable = field.nullableIn?.includes(this.subgraph) ?? false;
    return `  ${name}${this.printOwnArguments(field)}: ${printFieldType(field, nullable)}`;
  }

  printField(type: string, name: string, field: FieldDescription | undefined): string {
    const line = this.printBareField(name, field);
    // composition takes no tag on a field that another subgraph resolves
    const tag = this.externals.has(`${type}.${name}`) ? '' : printTag(this.world, field as FieldDescription);
    return [line + tag, ...this.fieldDirectives(type, name, field as FieldDescription)].join(' ');
  }

  fieldDirectives(type: string, name: string, field: FieldDescription): string[] {
    const { subgraph } = this;
    const inaccessible = field.inaccessible ? ['@inaccessible'] : [];
    if (this.externals.has(`${type}.${name}`)) return ['@external', ...inaccessible];
    if (!field.owners.includes(subgraph)) return inaccessible;
    const directives = inaccessible;
    if (field.owners.length > 1 || this.provided.has(`${type}.${name}`)) directives.push('@shareable');
    if (field.requires) directives.push(`@requires(fields: ${JSON.stringify(field.requires)})`);
    const provides = field.provides?.[subgraph];
    if (provides) directives.push(`@provides(fields: ${JSON.stringify(provides)})`);
    if (field.overrides) {
      const label = field.label ? `, label: "${field.label}"` : '';
      directives.push(`@override(from: "${field.overrides}"${label})`);
    }
    return directives;
  }
}

/** `Type.field` of what the subgraph's `@requires` and `@provides` name without the subgraph resolving it. */
function externalFields(world: WorldDescription, subgraph: string): Set<string> {
  const found = new Set<string>();
  forEachFieldSet(world, (type, text, where) => {
    if (where !== subgraph) return;
    const objectFields = world.interfaces[type]?.entity?.objects[subgraph];
    walkFieldSet(world, type, readFieldSet(text), (on, node) => {
      const name = node.name.value;
      if (objectFields && world.interfaces[type]?.fields.includes(name)) found.add(`${type}.${name}`);
      else if (world.entities[on]?.keys[subgraph] && roleIn(world, subgraph, on, name) === undefined)
        found.add(`${on}.${name}`);
    });
  });
  for (const { subgraph: where, setters } of Object.values(world.contexts ?? {})) {
    for (const [type, name] of Object.entries(setters))
      if (where === subgraph && world.entities[type] && roleIn(world, subgraph, type, name) === undefined)
        found.add(`${type}.${name}`);
  }
  return found;
}

function providedFields(world: WorldDescription): Set<string> {
  const found = new Set<string>();
  forEachFieldSet(world, (type, text, _subgraph, directive) => {
    if (directive !== 'provides') return;
    walkFieldSet(world, type, readFieldSet(text), (on, node) => {
      if (world.entities[on]) found.add(`${on}.${node.name.value}`);
    });
  });
  return found;
}
