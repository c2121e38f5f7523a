import type { GraphQLSchema, TypeNode } from 'graphql';
import { isEnumType, isScalarType, Kind } from 'graphql';
import type { DroppedItem, DroppedItems } from '../operation/drop-fields.ts';
import type { OpField, OpNarrowing, OpSelection } from '../operation/operation.ts';
import type { SectionHeads } from '../operation/timed-sections.ts';
import type { Placement, Position } from '../planner/positions.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';
import { inOnePiece, quote } from './json-text.ts';
import { leafWriter } from './leaf.ts';
import { compileObjectWriter, type FieldWriter, type ValueWriter } from './object-writer.ts';
import { isObject, type ResponseObject } from './objects.ts';

/** Characters of a list that are written before they are put in one piece. */
const LONG_PART = 65_536;

/** One selection on the objects of one position; several meet where fragments select the same field. */
export interface Part {
  readonly position: Position;
  readonly selection: OpSelection;
}

/** What is written for objects of one runtime type. */
export interface Shape {
  readonly typeName: string;
  readonly fields: readonly ShapeField[];
}

export interface ShapeField {
  readonly field: OpField;
  readonly wireKey: string;
  readonly below: readonly Part[];
  /** Never fetched: null whatever the object has. */
  readonly dropped: boolean;
}

type DraftField = { field: OpField; wireKey: string; below: Part[]; dropped: boolean };

export interface ProjectionOptions {
  /** Fields that are not fetched, by the selections that they were taken out of. */
  readonly dropped?: DroppedItems | undefined;
  /** Fields that an answer may have to go without. */
  readonly sections?: SectionHeads | undefined;
}

/** Which sections an answer goes without, and which of these were missed: there was an object that has such a field. */
export interface LateSections {
  isLate(section: number): boolean;
  readonly missed: Set<number>;
}

export interface Violation {
  readonly message: string;
  readonly path: readonly (string | number)[];
}

/**
 * Writes the response of one plan as the client asked for it: its own keys, in its order, with null going up from where
 * a non-null value is missing. Shapes are worked out once for each runtime type that turns up.
 * @see https://spec.graphql.org/October2021/#sec-Handling-Field-Errors
 */
export class Projection {
  private readonly supergraph: Supergraph;
  private readonly schema: GraphQLSchema;
  private readonly dropped: DroppedItems | undefined;
  private readonly sections: SectionHeads | undefined;
  private readonly root: ValueWriter;
  private late: LateSections | undefined;
  private introspected: ReadonlyMap<string, string> = new Map();
  private violated = false;
  /** The path to the value being written; kept up only while violations are being located. */
  private path: (string | number)[] | undefined;
  private violations: Violation[] = [];

  constructor(supergraph: Supergraph, root: Part, { dropped, sections }: ProjectionOptions = {}) {
    this.supergraph = supergraph;
    this.dropped = dropped;
    this.sections = sections;
    this.schema = supergraph.publicSchema;
    const write = this.objectWriter([root], root.position.type);
    this.root = (value) => write(value) ?? 'null';
  }

  /**
   * @param introspected JSON texts of the introspection fields, by response key
   * @param late sections that are null, whatever has come of them
   * @returns the JSON text of `data`, and what was null or of a wrong type where it must not be
   */
  write(
    data: ResponseObject,
    introspected: ReadonlyMap<string, string>,
    late?: LateSections,
  ): { text: string; violations: Violation[] } {
    this.introspected = introspected;
    this.late = late;
    this.violated = false;
    this.path = undefined;
    const text = this.root(data) ?? 'null';
    if (!this.violated) return { text, violations: [] };
    // violations are rare, so their paths are found by writing once more
    this.path = [];
    this.violations = [];
    this.root(data);
    this.path = undefined;
    return { text, violations: this.violations };
  }

  private violate(message: string): undefined {
    this.violated = true;
    if (this.path) this.violations.push({ message, path: [...this.path] });
    return undefined;
  }

  /** The fields written for a runtime type, in the order of their first appearance. */
  shape(parts: readonly Part[], typeName: string): Shape {
    const fields = new Map<string, DraftField>();
    for (const part of parts) this.collect(part, part.selection, typeName, fields);
    return { typeName, fields: [...fields.values()] };
  }

  private collect(part: Part, selection: OpSelection, typeName: string, fields: Map<string, DraftField>): void {
    for (const { item, dropped } of this.shown(selection)) {
      if (item.kind === 'narrowing') {
        if (this.supergraph.types.get(item.typeCondition)?.possible.has(typeName)) {
          this.collect(part, item.selection, typeName, fields);
        }
        continue;
      }
      const placed = this.placement(part.position, item, selection.parentType, typeName);
      const known = fields.get(item.responseKey) ?? {
        field: item,
        wireKey: placed?.placement.wire.key ?? '',
        below: [],
        dropped,
      };
      // on one type it may be dropped where it is not on an interface around it
      known.dropped ||= dropped;
      fields.set(item.responseKey, known);
      const below = placed && part.position.below(placed.placement.wire, placed.owner);
      if (below && item.selection) known.below.push({ position: below, selection: item.selection });
    }
  }

  /** The items of a selection with those that were dropped in their places. */
  private *shown(selection: OpSelection): Iterable<{ item: OpField | OpNarrowing; dropped: boolean }> {
    const gone = this.dropped?.get(selection) ?? [];
    let next = 0;
    for (const [index, item] of selection.items.entries()) {
      for (; gone[next]?.before === index; next++) yield { item: (gone[next] as DroppedItem).field, dropped: true };
      yield { item, dropped: false };
    }
    for (const { field } of gone.slice(next)) yield { item: field, dropped: true };
  }

  private placement(
    position: Position,
    field: OpField,
    owner: string,
    typeName: string,
  ): { owner: string; placement: Placement } | undefined {
    const placements = position.placed.get(field);
    if (!placements) return undefined;
    for (const name of [owner, typeName]) {
      const placement = placements.get(name);
      if (placement) return { owner: name, placement };
    }
    for (const [name, placement] of placements) {
      if (this.supergraph.types.get(name)?.possible.has(typeName)) return { owner: name, placement };
    }
    return undefined;
  }

  private objectWriter(parts: readonly Part[], staticType: string): ValueWriter {
    const type = this.supergraph.types.get(staticType);
    if (type?.kind === 'object') {
      const write = this.shapeWriter(parts, staticType);
      return (value) => (isObject(value) ? write(value) : this.noObject(staticType));
    }
    const typeMatters = parts.some((part) => dependsOnType(part, staticType));
    const byType = new Map<string, (object: ResponseObject) => string | undefined>();
    return (value) => {
      if (!isObject(value)) return this.noObject(staticType);
      const told = value.__typename;
      if (told === undefined && typeMatters)
        return this.violate(`The runtime type of this ${staticType} is not known.`);
      const name = String(told ?? staticType);
      let write = byType.get(name);
      if (!write) {
        if (name !== staticType && !type?.possible.has(name)) {
          return this.violate(`Expected a runtime type of ${staticType}, but found "${name}".`);
        }
        // what clients must not know of is as if it were not there
        if (this.schema.getType(name) === undefined) return this.violate(`Cannot show this value of ${staticType}.`);
        write = this.shapeWriter(parts, name);
        byType.set(name, write);
      }
      return write(value);
    };
  }

  private noObject(staticType: string): undefined {
    return this.violate(`Expected an object of type ${staticType}.`);
  }

  /** Worked out when the first object of the type turns up: of seventy types that might, few do. */
  private shapeWriter(parts: readonly Part[], typeName: string): (object: ResponseObject) => string | undefined {
    let fields: readonly FieldWriter[] | undefined;
    let write: ((object: ResponseObject) => string | undefined) | undefined;
    return (object) => {
      if (!fields || !write) {
        fields = this.shape(parts, typeName).fields.map((field) => this.fieldWriter(field, typeName));
        write = compileObjectWriter(fields);
      }
      return this.path ? this.writeWithPath(this.path, object, fields) : write(object);
    };
  }

  private fieldWriter({ field, wireKey, below, dropped }: ShapeField, typeName: string): FieldWriter {
    const { responseKey } = field;
    const prefix = `${quote(responseKey)}:`;
    if (field.name === '__typename') {
      const text = quote(typeName);
      return { responseKey, prefix, wireKey, isText: false, write: () => text };
    }
    if (field.name === '__schema' || field.name === '__type') {
      return { responseKey, prefix, wireKey, isText: false, write: () => this.introspected.get(responseKey) ?? 'null' };
    }
    // an object type may promise more than the interface on which the field was selected
    const type = this.supergraph.types.get(typeName)?.fields.get(field.name)?.type ?? field.type;
    const write = this.typedWriter(type, below, field, `${typeName}.${field.name}`);
    if (dropped) return { responseKey, prefix, wireKey, isText: false, write: () => write(null) };
    const section = this.sections?.get(field);
    if (section !== undefined) {
      return { responseKey, prefix, wireKey, isText: false, write: (value) => write(this.inTime(section, value)) };
    }
    return { responseKey, prefix, wireKey, isText: this.isText(type), write };
  }

  private inTime(section: number, value: unknown): unknown {
    if (!this.late?.isLate(section)) return value;
    this.late.missed.add(section);
    return null;
  }

  private isText(type: TypeNode): boolean {
    if (type.kind === Kind.NON_NULL_TYPE) return this.isText(type.type);
    if (type.kind === Kind.LIST_TYPE) return false;
    const named = this.schema.getType(type.name.value);
    return isScalarType(named) && !['Int', 'Float', 'Boolean'].includes(named.name);
  }

  private typedWriter(type: TypeNode, below: readonly Part[], field: OpField, coordinate: string): ValueWriter {
    if (type.kind === Kind.NON_NULL_TYPE) return this.nonNullWriter(type.type, below, field, coordinate);
    const write = this.presentWriter(type, below, field, coordinate);
    return (value) => (value === null || value === undefined ? 'null' : (write(value) ?? 'null'));
  }

  private nonNullWriter(type: TypeNode, below: readonly Part[], field: OpField, coordinate: string): ValueWriter {
    const write = this.presentWriter(type, below, field, coordinate);
    const message = `Cannot return null for non-nullable field ${coordinate}.`;
    return (value) => (value === null || value === undefined ? this.violate(message) : write(value));
  }

  /** Writes what is there; `undefined` where it cannot be shown, so that the nullable type around it becomes null. */
  private presentWriter(type: TypeNode, below: readonly Part[], field: OpField, coordinate: string): ValueWriter {
    if (type.kind === Kind.NON_NULL_TYPE) return this.presentWriter(type.type, below, field, coordinate);
    if (type.kind === Kind.LIST_TYPE)
      return this.listWriter(this.typedWriter(type.type, below, field, coordinate), coordinate);
    const name = type.name.value;
    if (field.selection) return this.objectWriter(below, name);
    const leaf = leafWriter(this.schema.getType(name));
    const expected = isEnumType(this.schema.getType(name)) ? `a value of enum ${name}` : `a value of type ${name}`;
    return (value) => leaf(value) ?? this.violate(`Expected ${expected} for ${coordinate}.`);
  }

  private listWriter(write: ValueWriter, coordinate: string): ValueWriter {
    return (value) => {
      if (!Array.isArray(value)) return this.violate(`Expected a list for ${coordinate}.`);
      let text = '';
      let part = '[';
      let missing = false;
      for (let i = 0; i < value.length; i++) {
        this.path?.push(i);
        const item = write(value[i]);
        this.path?.pop();
        if (item === undefined) missing = true;
        else part += i === 0 ? item : `,${item}`;
        if (part.length > LONG_PART) {
          text += inOnePiece(part);
          part = '';
        }
      }
      return missing ? undefined : `${text}${part}]`;
    };
  }

  private writeWithPath(
    path: (string | number)[],
    object: ResponseObject,
    fields: readonly FieldWriter[],
  ): string | undefined {
    let missing = false;
    for (const { responseKey, wireKey, write } of fields) {
      path.push(responseKey);
      if (write(object[wireKey]) === undefined) missing = true;
      path.pop();
    }
    // only where things are missing matters now; the text has been written before
    return missing ? undefined : '';
  }
}

/** Whether what is written for a part differs by the runtime type of the object. */
function dependsOnType({ position, selection }: Part, staticType: string): boolean {
  return selection.items.some(
    (item) =>
      item.kind === 'narrowing' ||
      item.name === '__typename' ||
      [...(position.placed.get(item)?.keys() ?? [])].some((owner) => owner !== staticType),
  );
}
