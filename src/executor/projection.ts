import type { GraphQLSchema, TypeNode } from 'graphql';
import { isEnumType, isScalarType, Kind } from 'graphql';
import type { DroppedItems } from '../operation/drop-fields.ts';
import type { OpField } from '../operation/operation.ts';
import type { SectionFields } from '../operation/timed-sections.ts';

import type { Supergraph } from '../supergraph/supergraph.ts';
import { flattenString, quote } from './json-text.ts';
import { leafWriter } from './leaf.ts';
import { ErrorCoverage, type NullReason, type NullReasons } from './null-reasons.ts';
import { dependsOnType, ObjectShapes, type SelectionPart, type ShapeField } from './object-shapes.ts';
import { compileObjectWriter, type FieldWriter, type ValueWriter } from './object-writer.ts';
import { isObject, type ResponseObject } from './objects.ts';

/** Characters of a list that are written before the text is flattened. */
const MAX_PIECE = 65_536;

export interface ProjectionOptions {
  /** Fields that are not fetched, by the selections that they were removed from. */
  readonly dropped?: DroppedItems | undefined;
  /** Fields that the result may be without. */
  readonly sections?: SectionFields | undefined;
}

/** Which sections are late, and which of these are missing from the result: an object has such a field. */
export interface LateSections {
  isLate(section: number): boolean;
  readonly missed: Set<number>;
}

/** A null without an error of its own so far. */
export interface Violation {
  readonly message: string;
  readonly path: readonly (string | number)[];
  readonly code: string;
  /** The subgraph that caused it, where that is known. */
  readonly service: string | undefined;
}

const INVALID_VALUE = 'INVALID_NULL_OR_TYPE';
const MISSING_VALUE = 'SUBREQUEST_MALFORMED_RESPONSE';

/**
 * Writes the response of one plan as the client selected it: its keys, in its order, with null propagation where a
 * non-null value is missing. Shapes are computed once for each runtime type that occurs.
 * @see https://spec.graphql.org/October2021/#sec-Handling-Field-Errors
 */
export class Projection {
  private readonly supergraph: Supergraph;
  private readonly schema: GraphQLSchema;
  /** Which fields are written for each runtime type. */
  readonly shapes: ObjectShapes;
  private readonly sections: SectionFields | undefined;
  private readonly root: ValueWriter;
  private late: LateSections | undefined;
  private introspected: ReadonlyMap<string, string> = new Map();
  private violated = false;
  /** The path to the value being written; maintained only while violations are being located. */
  private path: (string | number)[] | undefined;
  /** What errors explain at that path. */
  private coverage = ErrorCoverage.none;
  private nullReasons: NullReasons | undefined;
  private violations: Violation[] = [];

  constructor(supergraph: Supergraph, root: SelectionPart, { dropped, sections }: ProjectionOptions = {}) {
    this.supergraph = supergraph;
    this.shapes = new ObjectShapes(supergraph, dropped);
    this.sections = sections;
    this.schema = supergraph.publicSchema;
    const write = this.objectWriter([root], root.position.type);
    this.root = (value) => write(value) ?? 'null';
  }

  /**
   * Writes the response.
   * @param introspected JSON texts of the introspection fields, by response key
   * @param late sections that are written as null, even if their data has arrived
   * @param nullReasons which fields are missing or null for known reasons
   * @returns the JSON text of `data`, and each value that is missing, null or of a wrong type without an error that
   * explains it
   */
  write(
    data: ResponseObject,
    introspected: ReadonlyMap<string, string>,
    late?: LateSections,
    nullReasons?: NullReasons,
  ): { text: string; violations: Violation[] } {
    this.introspected = introspected;
    this.late = late;
    this.nullReasons = nullReasons;
    this.violated = false;
    this.path = undefined;
    const text = this.root(data) ?? 'null';
    const violations = this.violated ? this.locateViolations(data) : [];
    this.nullReasons = undefined;
    return { text, violations };
  }

  /** Finds the paths of violations by writing once more: violations are rare. */
  private locateViolations(data: ResponseObject): Violation[] {
    this.path = [];
    this.coverage = ErrorCoverage.none;
    this.violations = [];
    this.root(data);
    this.path = undefined;
    return this.violations;
  }

  private addViolation(message: string, code = INVALID_VALUE, service?: string): undefined {
    this.violated = true;
    if (this.path && !this.coverage.explainsNull)
      this.violations.push({ message, path: [...this.path], code, service });
    return undefined;
  }

  /** Returns why an object lacks a field, where that is known. */
  private reasonFor(object: ResponseObject, key: string, service: string | undefined): NullReason | undefined {
    return this.nullReasons?.reason(object, key, service) ?? (this.path && this.coverage.reason(service));
  }

  private objectWriter(parts: readonly SelectionPart[], staticType: string): ValueWriter {
    const type = this.supergraph.types.get(staticType);
    if (type?.kind === 'object') {
      const write = this.shapeWriter(parts, staticType);
      return (value) => (isObject(value) ? write(value) : this.notAnObject(staticType));
    }
    const typeMatters = parts.some((part) => dependsOnType(part, staticType));
    const byType = new Map<string, (object: ResponseObject) => string | undefined>();
    return (value) => {
      if (!isObject(value)) return this.notAnObject(staticType);
      const typename = value.__typename;
      if (typename === undefined && typeMatters) return this.unknownType(value, staticType);
      const name = String(typename ?? staticType);
      let write = byType.get(name);
      if (!write) {
        if (name !== staticType && !type?.possible.has(name)) {
          return this.addViolation(`Expected a runtime type of ${staticType}, but found "${name}".`);
        }
        // a type outside the public schema counts as missing
        if (this.schema.getType(name) === undefined)
          return this.addViolation(`The public schema has no type for this value of ${staticType}.`);
        write = this.shapeWriter(parts, name);
        byType.set(name, write);
      }
      return write(value);
    };
  }

  private unknownType(object: ResponseObject, staticType: string): undefined {
    if (this.reasonFor(object, '__typename', undefined) === 'reported') return undefined;
    return this.addViolation(`The runtime type of this ${staticType} is not known.`);
  }

  private notAnObject(staticType: string): undefined {
    return this.addViolation(`Expected an object of type ${staticType}.`);
  }

  /** Compiles the writer with the first object of the type: of seventy possible types, few occur. */
  private shapeWriter(
    parts: readonly SelectionPart[],
    typeName: string,
  ): (object: ResponseObject) => string | undefined {
    let fields: readonly FieldWriter[] | undefined;
    let write: ((object: ResponseObject) => string | undefined) | undefined;
    return (object) => {
      if (!fields || !write) {
        fields = this.shapes.shape(parts, typeName).fields.map((field) => this.fieldWriter(field, typeName));
        write = compileObjectWriter(fields);
      }
      return this.path ? this.writeWithPath(this.path, object, fields) : write(object);
    };
  }

  private fieldWriter(shapeField: ShapeField, typeName: string): FieldWriter {
    const { field, subgraphKey, below, dropped } = shapeField;
    const { responseKey } = field;
    const prefix = `${quote(responseKey)}:`;
    if (field.name === '__typename') {
      const text = quote(typeName);
      return { responseKey, prefix, subgraphKey, isText: false, write: () => text };
    }
    if (field.name === '__schema' || field.name === '__type') {
      return {
        responseKey,
        prefix,
        subgraphKey,
        isText: false,
        write: () => this.introspected.get(responseKey) ?? 'null',
      };
    }
    // an object type may declare a stricter type than the interface on which the field was selected
    const declared = this.supergraph.types.get(typeName)?.fields.get(field.name)?.type ?? field.type;
    const section = this.sections?.get(field);
    // a section may be missing, whatever its type
    const type = section !== undefined && declared.kind === Kind.NON_NULL_TYPE ? declared.type : declared;
    const write = this.typedWriter(type, below, field, `${typeName}.${field.name}`);
    // the error of a dropped field is known already
    const leftOut = type.kind === Kind.NON_NULL_TYPE ? undefined : 'null';
    if (dropped) return { responseKey, prefix, subgraphKey, isText: false, write: () => leftOut };
    const absent = this.absentWriter(shapeField, type, `${typeName}.${field.name}`);
    if (section !== undefined) {
      return {
        responseKey,
        prefix,
        subgraphKey,
        isText: false,
        write: (value) => (this.isLate(section) ? leftOut : write(value)),
        absent: (object) => (this.isLate(section) ? leftOut : absent(object)),
      };
    }
    return { responseKey, prefix, subgraphKey, isText: this.isText(type), write, absent };
  }

  private isLate(section: number): boolean {
    if (!this.late?.isLate(section)) return false;
    this.late.missed.add(section);
    return true;
  }

  /**
   * Returns a writer for objects that lack a field which was requested: null is written, and an unexplained null is
   * reported.
   */
  private absentWriter({ subgraphKey, service }: ShapeField, type: TypeNode, coordinate: string) {
    const leftOut = type.kind === Kind.NON_NULL_TYPE ? undefined : 'null';
    const cannotBeNull = `Cannot return null for non-nullable field ${coordinate}.`;
    return (object: ResponseObject): string | undefined => {
      const reason = this.reasonFor(object, subgraphKey, service);
      if (reason === undefined) {
        if (leftOut === undefined) return this.addViolation(cannotBeNull);
        this.addViolation(missingField(coordinate, service), MISSING_VALUE, service);
      } else if (reason === 'null') {
        if (leftOut === undefined) return this.addViolation(cannotBeNull);
      } else if (reason !== 'reported') {
        this.addViolation(reason.message, reason.code, service);
      }
      return leftOut;
    };
  }

  private isText(type: TypeNode): boolean {
    if (type.kind === Kind.NON_NULL_TYPE) return this.isText(type.type);
    if (type.kind === Kind.LIST_TYPE) return false;
    const named = this.schema.getType(type.name.value);
    return isScalarType(named) && !['Int', 'Float', 'Boolean'].includes(named.name);
  }

  private typedWriter(
    type: TypeNode,
    below: readonly SelectionPart[],
    field: OpField,
    coordinate: string,
  ): ValueWriter {
    if (type.kind === Kind.NON_NULL_TYPE) return this.nonNullWriter(type.type, below, field, coordinate);
    const write = this.presentWriter(type, below, field, coordinate);
    return (value) => (value === null || value === undefined ? 'null' : (write(value) ?? 'null'));
  }

  private nonNullWriter(
    type: TypeNode,
    below: readonly SelectionPart[],
    field: OpField,
    coordinate: string,
  ): ValueWriter {
    const write = this.presentWriter(type, below, field, coordinate);
    const message = `Cannot return null for non-nullable field ${coordinate}.`;
    return (value) => (value === null || value === undefined ? this.addViolation(message) : write(value));
  }

  /**
   * Returns a writer for non-null values; it returns `undefined` for an invalid one, so that the nullable type around
   * it becomes null.
   */
  private presentWriter(
    type: TypeNode,
    below: readonly SelectionPart[],
    field: OpField,
    coordinate: string,
  ): ValueWriter {
    if (type.kind === Kind.NON_NULL_TYPE) return this.presentWriter(type.type, below, field, coordinate);
    if (type.kind === Kind.LIST_TYPE)
      return this.listWriter(this.typedWriter(type.type, below, field, coordinate), coordinate);
    const name = type.name.value;
    if (field.selection) return this.objectWriter(below, name);
    const leaf = leafWriter(this.schema.getType(name));
    const expected = isEnumType(this.schema.getType(name)) ? `a value of enum ${name}` : `a value of type ${name}`;
    return (value) => leaf(value) ?? this.addViolation(`Expected ${expected} for ${coordinate}.`);
  }

  private listWriter(write: ValueWriter, coordinate: string): ValueWriter {
    return (value) => {
      if (!Array.isArray(value)) return this.addViolation(`Expected a list for ${coordinate}.`);
      let text = '';
      let part = '[';
      let missing = false;
      for (let i = 0; i < value.length; i++) {
        const item = this.path ? this.writeItem(this.path, write, value[i], i) : write(value[i]);
        if (item === undefined) missing = true;
        else part += i === 0 ? item : `,${item}`;
        if (part.length > MAX_PIECE) {
          text += flattenString(part);
          part = '';
        }
      }
      return missing ? undefined : `${text}${part}]`;
    };
  }

  private writeItem(path: (string | number)[], write: ValueWriter, item: unknown, index: number): string | undefined {
    const outer = this.coverage;
    path.push(index);
    this.coverage = outer.item(index);
    const written = write(item);
    this.coverage = outer;
    path.pop();
    return written;
  }

  private writeWithPath(
    path: (string | number)[],
    object: ResponseObject,
    fields: readonly FieldWriter[],
  ): string | undefined {
    const outer = this.coverage;
    const own = this.nullReasons ? outer.object(object, this.nullReasons) : outer;
    let missing = false;
    for (const { responseKey, subgraphKey, write, absent } of fields) {
      path.push(responseKey);
      if (this.nullReasons) this.coverage = own.field(object, subgraphKey, this.nullReasons);
      const value = object[subgraphKey];
      const written = value === undefined && absent !== undefined ? absent(object) : write(value);
      if (written === undefined) missing = true;
      path.pop();
    }
    this.coverage = outer;
    // the text was written before; only missing values matter now
    return missing ? undefined : '';
  }
}

function missingField(coordinate: string, service: string | undefined): string {
  return service === undefined
    ? `No subgraph returned the field ${coordinate} for this object.`
    : `The subgraph "${service}" did not return the requested field ${coordinate}.`;
}
