import type { GraphQLSchema, TypeNode } from 'graphql';
import { isEnumType, isScalarType, Kind } from 'graphql';
import type { DeferredFields } from '../operation/defer-groups.ts';
import type { DroppedItems } from '../operation/drop-fields.ts';
import type { OpField } from '../operation/operation.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';
import { quote } from './json-text.ts';
import { leafWriter } from './leaf.ts';
import { firstItemsWriter, listWriter } from './list-writer.ts';
import { dependsOnType, ObjectShapes, type SelectionPart, type ShapeField } from './object-shapes.ts';
import { compileObjectWriter, type FieldWriter, type ObjectWriter, type ValueWriter } from './object-writer.ts';
import { isObject, type ResponseObject } from './objects.ts';
import type { StreamedLists } from './streamed-lists.ts';
import type { WriteContext } from './write-context.ts';

export interface ProjectionOptions {
  /** Fields that are not fetched, by the selections that they were removed from. */
  readonly dropped?: DroppedItems | undefined;
  /** The fields of defer groups: the result may be without them. */
  readonly deferred?: DeferredFields | undefined;
  /** Whether deferred fields are left out of the response, because they are written later on their own. */
  readonly leavesOutDeferred?: boolean | undefined;
  /** The set of deferred fragments whose fields are written, and no others; all fields where it is missing. */
  readonly only?: OneSet | undefined;
}

/** A set of deferred fragments. */
interface OneSet {
  readonly fragments: number;
  /** The shapes of all sets. */
  readonly shapes: ObjectShapes;
  /** The lists of which the first items are written only. */
  readonly lists: StreamedLists | undefined;
}

const MISSING_VALUE = 'SUBREQUEST_MALFORMED_RESPONSE';

/**
 * Writes the response of one plan as the client selected it: its keys, in its order, with null propagation where a
 * non-null value is missing. Shapes are computed once for each runtime type that occurs. What is known of one response
 * is in the context of its writing.
 * @see https://spec.graphql.org/October2021/#sec-Handling-Field-Errors
 */
export class Projection {
  private readonly supergraph: Supergraph;
  private readonly schema: GraphQLSchema;
  /** Which fields are written for each runtime type. */
  readonly shapes: ObjectShapes;
  private readonly deferred: DeferredFields | undefined;
  private readonly leavesOutDeferred: boolean;
  private readonly only: ProjectionOptions['only'];
  private readonly root: ValueWriter;

  constructor(supergraph: Supergraph, root: SelectionPart, options: ProjectionOptions = {}) {
    const { dropped, deferred, leavesOutDeferred = false, only } = options;
    this.supergraph = supergraph;
    this.only = only;
    this.shapes = only?.shapes ?? new ObjectShapes(supergraph, dropped);
    this.deferred = deferred;
    this.leavesOutDeferred = leavesOutDeferred;
    this.schema = supergraph.publicSchema;
    const write = this.objectWriter([root], root.position.type);
    this.root = (value, context) => write(value, context) ?? context.nullFor(value);
  }

  /**
   * Writes the response; where deferred fields are left out, its first part.
   * @param context receives each value that is missing, null or of a wrong type without an error that explains it
   * @returns the JSON text of `data`. With `context.pauses`, throws `PAUSE` where a slice is over: the next call continues
   */
  write(data: ResponseObject, context: WriteContext): string {
    const text = this.root(data, context) ?? 'null';
    if (context.violated) {
      // finds the paths of violations by writing once more: violations are rare
      context.path = [];
      this.root(data, context);
      context.path = undefined;
    }
    return text;
  }

  /**
   * Returns a writer of the fields of one defer group in objects of one type. Null propagates up to its object at most,
   * which is the boundary of the group.
   */
  groupWriter(parts: readonly SelectionPart[], typeName: string, group: number): ObjectWriter {
    const shown = this.shapes.shape(parts, typeName).fields.filter(({ field }) => this.deferred?.get(field) === group);
    const fields = shown.map((field) => this.fieldWriter(field, typeName));
    const write = compileObjectWriter(fields);
    return (object, context) =>
      context.path ? writeWithPath(context.path, object, fields, context) : write(object, context);
  }

  private objectWriter(parts: readonly SelectionPart[], staticType: string): ValueWriter {
    const type = this.supergraph.types.get(staticType);
    if (type?.kind === 'object') {
      const write = this.shapeWriter(parts, staticType);
      return (value, context) => (isObject(value) ? write(value, context) : notAnObject(staticType, context));
    }
    const typeMatters = parts.some((part) => dependsOnType(part, staticType));
    const byType = new Map<string, ObjectWriter>();
    return (value, context) => {
      if (!isObject(value)) return notAnObject(staticType, context);
      const typename = value.__typename;
      if (typename === undefined && typeMatters) return unknownType(value, staticType, context);
      const name = String(typename ?? staticType);
      let write = byType.get(name);
      if (!write) {
        if (name !== staticType && !type?.possible.has(name)) {
          return context.addViolation(`Expected a runtime type of ${staticType}, but found "${name}".`);
        }
        // a type outside the public schema counts as missing
        if (this.schema.getType(name) === undefined)
          return context.addViolation(`The public schema has no type for this value of ${staticType}.`);
        write = this.shapeWriter(parts, name);
        byType.set(name, write);
      }
      return write(value, context);
    };
  }

  /**
   * Returns a writer of the fields of objects of one type. Compiles it with the first object of the type: of seventy possible types,
   * few occur.
   */
  shapeWriter(parts: readonly SelectionPart[], typeName: string): ObjectWriter {
    let fields: readonly FieldWriter[] | undefined;
    let write: ObjectWriter | undefined;
    return (object, context) => {
      if (!fields || !write) {
        fields = this.shownFields(parts, typeName).map((field) => this.fieldWriter(field, typeName));
        write = compileObjectWriter(fields);
      }
      return context.path ? writeWithPath(context.path, object, fields, context) : write(object, context);
    };
  }

  private shownFields(parts: readonly SelectionPart[], typeName: string): readonly ShapeField[] {
    const { fields } = this.shapes.shape(parts, typeName);
    const { only } = this;
    if (only !== undefined) return fields.filter(({ fragments }) => fragments === only.fragments);
    return this.leavesOutDeferred ? fields.filter(({ field }) => !this.deferred?.has(field)) : fields;
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
        write: (_value, { introspected }) => introspected.get(responseKey) ?? 'null',
      };
    }
    const declared = this.declaredType(field, typeName);
    const group = this.deferred?.get(field);
    // a deferred field may be missing, whatever its type
    const type = group !== undefined && declared.kind === Kind.NON_NULL_TYPE ? declared.type : declared;
    const whole = this.typedWriter(type, below, field, `${typeName}.${field.name}`);
    const list = this.only?.lists?.of(field);
    const write = list === undefined ? whole : firstItemsWriter(whole, list);
    // the error of a dropped field is known already
    const leftOut = type.kind === Kind.NON_NULL_TYPE ? undefined : 'null';
    if (dropped) return { responseKey, prefix, subgraphKey, isText: false, write: () => leftOut };
    const absent = absentWriter(shapeField, type, `${typeName}.${field.name}`);
    if (group !== undefined) {
      return {
        responseKey,
        prefix,
        subgraphKey,
        isText: false,
        write: (value, context) => (context.isLate(group) ? leftOut : write(value, context)),
        absent: (object, context) => (context.isLate(group) ? leftOut : absent(object, context)),
      };
    }
    return { responseKey, prefix, subgraphKey, isText: this.isText(type), write, absent };
  }

  /** Returns a writer of the items of a list; they are `undefined` where the list must not have null. */
  itemWriter({ field, below }: ShapeField, typeName: string): ValueWriter {
    const type = this.declaredType(field, typeName);
    const nullable = type.kind === Kind.NON_NULL_TYPE ? type.type : type;
    if (nullable.kind !== Kind.LIST_TYPE) throw new Error(`${typeName}.${field.name} is not a list`);
    return this.typedWriter(nullable.type, below, field, `${typeName}.${field.name}`);
  }

  /** Returns the type of a field; an object type may declare a stricter one than the interface on which it was selected. */
  private declaredType(field: OpField, typeName: string): TypeNode {
    return this.supergraph.types.get(typeName)?.fields.get(field.name)?.type ?? field.type;
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
    return (value, context) =>
      value === null || value === undefined ? 'null' : (write(value, context) ?? context.nullFor(value));
  }

  private nonNullWriter(
    type: TypeNode,
    below: readonly SelectionPart[],
    field: OpField,
    coordinate: string,
  ): ValueWriter {
    const write = this.presentWriter(type, below, field, coordinate);
    const message = `Cannot return null for non-nullable field ${coordinate}.`;
    return (value, context) =>
      value === null || value === undefined ? context.addViolation(message) : write(value, context);
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
      return listWriter(this.typedWriter(type.type, below, field, coordinate), coordinate);
    const name = type.name.value;
    if (field.selection) return this.objectWriter(below, name);
    const leaf = leafWriter(this.schema.getType(name));
    const expected = isEnumType(this.schema.getType(name)) ? `a value of enum ${name}` : `a value of type ${name}`;
    return (value, context) => leaf(value) ?? context.addViolation(`Expected ${expected} for ${coordinate}.`);
  }
}

function unknownType(object: ResponseObject, staticType: string, context: WriteContext): undefined {
  if (context.reasonFor(object, '__typename', undefined) === 'reported') return undefined;
  return context.addViolation(`The runtime type of this ${staticType} is not known.`);
}

function notAnObject(staticType: string, context: WriteContext): undefined {
  return context.addViolation(`Expected an object of type ${staticType}.`);
}

/**
 * Returns a writer for objects that lack a field which was requested: null is written, and an unexplained null is
 * reported.
 */
function absentWriter({ subgraphKey, service }: ShapeField, type: TypeNode, coordinate: string): ObjectWriter {
  const leftOut = type.kind === Kind.NON_NULL_TYPE ? undefined : 'null';
  const cannotBeNull = `Cannot return null for non-nullable field ${coordinate}.`;
  return (object, context) => {
    const reason = context.reasonFor(object, subgraphKey, service);
    if (reason === undefined) {
      if (leftOut === undefined) return context.addViolation(cannotBeNull);
      context.addViolation(missingField(coordinate, service), MISSING_VALUE, service);
    } else if (reason === 'null') {
      if (leftOut === undefined) return context.addViolation(cannotBeNull);
    } else if (reason !== 'reported') {
      context.addViolation(reason.message, reason.code, service);
    }
    return leftOut;
  };
}

function writeWithPath(
  path: (string | number)[],
  object: ResponseObject,
  fields: readonly FieldWriter[],
  context: WriteContext,
): string | undefined {
  const { coverage: outer, nullReasons } = context;
  const own = nullReasons ? outer.object(object, nullReasons) : outer;
  let missing = false;
  for (const { responseKey, subgraphKey, write, absent } of fields) {
    path.push(responseKey);
    if (nullReasons) context.coverage = own.field(object, subgraphKey, nullReasons);
    const value = object[subgraphKey];
    const written = value === undefined && absent !== undefined ? absent(object, context) : write(value, context);
    if (written === undefined) missing = true;
    path.pop();
  }
  context.coverage = outer;
  // the text was written before; only missing values matter now
  return missing ? undefined : '';
}

function missingField(coordinate: string, service: string | undefined): string {
  return service === undefined
    ? `No subgraph returned the field ${coordinate} for this object.`
    : `The subgraph "${service}" did not return the requested field ${coordinate}.`;
}
