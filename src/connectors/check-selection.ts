import type { Connector } from './connector.ts';
import { type ConnectorProblem, didYouMean, problemAt } from './connector-problem.ts';
import { literalsIn, objectsIn, type Shape, shapeOf } from './mapping/shape.ts';
import type { ConnectorModel } from './resolvable-fields.ts';
import { isComposite, nameOfType, type TypeFacts } from './schema-facts.ts';

/** Checks that a connector's selection matches its type. */
export function checkSelection(connector: Connector, model: ConnectorModel): ConnectorProblem[] {
  const { field, typeName, selection, coordinate } = connector;
  const name = field === undefined ? typeName : nameOfType(field.type);
  const walk = new SelectionWalk(connector, model);
  walk.value(shapeOf(selection.expression), name, coordinate, selection.expression.at);
  return walk.connectorProblems;
}

/** Collects the problems of one selection. */
class SelectionWalk {
  readonly connectorProblems: ConnectorProblem[] = [];
  readonly #connector: Connector;
  readonly #model: ConnectorModel;

  constructor(connector: Connector, model: ConnectorModel) {
    this.#connector = connector;
    this.#model = model;
  }

  /**
   * Checks a value against a type.
   * @param where field of the value: `Query.product` or `Product.reviews`
   */
  value(shape: Shape, typeName: string, where: string, at: number): void {
    const type = this.#model.schema.types.get(typeName);
    const objects = objectsIn(shape);
    if (!isComposite(type)) {
      if (objects.length > 0 && type?.kind !== 'scalar') {
        const message = `${where} is ${article(typeName)}, but the selection returns an object.`;
        const name = [...(objects[0]?.fields.keys() ?? [])][0] ?? 'value';
        this.#addProblem('OBJECT_FOR_LEAF', message, `Select a single value, such as $.${name}.`, at);
      }
      return;
    }
    if (objects.length === 0) {
      if (shape.kind === 'literal' && shape.value === null) return;
      const fields = [...type.fields.keys()].slice(0, 3).join(' ');
      const message = `${where} has the type ${typeName}, but the selection does not select its fields.`;
      this.#addProblem(
        'FIELDS_NOT_SELECTED',
        message,
        `End the path with fields, such as { ${fields || '__typename'} }.`,
        at,
      );
      return;
    }
    for (const object of objects) this.#object(object, type, where, at);
  }

  #object(object: Extract<Shape, { kind: 'object' }>, type: TypeFacts, where: string, at: number): void {
    const { schema } = this.#model;
    const names = typesOf(object, type, this.#model);
    if (type.kind !== 'object' && !object.fields.has('__typename') && !object.open) {
      const message = `${where} has the abstract type ${type.name}, but the selection has no __typename.`;
      const hint = `Select it, for example __typename: kind->match(["a", "${names[0] ?? 'A'}"], [@, "${names.at(-1) ?? 'B'}"]).`;
      this.#addProblem('MISSING_TYPENAME', message, hint, at);
    }
    for (const [name, field] of object.fields) {
      if (name === '__typename') {
        this.#typeName(field.shape, type, field.at);
        continue;
      }
      const owners = names.map((owner) => schema.types.get(owner)).filter((owner) => owner?.fields.has(name));
      const definition = owners[0]?.fields.get(name);
      if (definition === undefined) {
        const known = names.flatMap((owner) => [...(schema.types.get(owner)?.fields.keys() ?? [])]);
        const message = `The selection has "${name}", but ${type.name} has no such field.`;
        this.#addProblem('SELECTED_FIELD_NOT_FOUND', message, didYouMean(name, new Set(known)), field.at);
        continue;
      }
      if ((definition.arguments?.length ?? 0) > 0) {
        const message = `${type.name}.${name} has arguments, which this selection would ignore.`;
        this.#addProblem('FIELD_WITH_ARGUMENTS', message, 'Add @connect to the field itself.', field.at);
      }
      this.value(field.shape, nameOfType(definition.type), `${type.name}.${name}`, field.at);
    }
  }

  #typeName(shape: Shape, type: TypeFacts, at: number): void {
    for (const name of literalsIn(shape) ?? []) {
      if (type.possible.has(name) || name === type.name) continue;
      const message = `__typename may be "${name}", which is not a ${type.name}.`;
      this.#addProblem('UNKNOWN_TYPENAME', message, didYouMean(name, type.possible), at);
    }
  }

  #addProblem(code: string, message: string, hint: string, at: number): void {
    this.connectorProblems.push(problemAt(this.#connector.selection.node, code, message, hint, at));
  }
}

/** Returns the possible types of an object in a selection: those in its `__typename`, else all possible types. */
export function typesOf(
  object: Extract<Shape, { kind: 'object' }>,
  type: TypeFacts,
  { schema }: ConnectorModel,
): string[] {
  if (type.kind === 'object') return [type.name];
  const typename = object.fields.get('__typename');
  const named = typename === undefined ? undefined : literalsIn(typename.shape);
  const known = (named ?? []).filter((name) => schema.types.has(name));
  return known.length > 0 ? known : [...type.possible];
}

function article(typeName: string): string {
  return /^[AEIOU]/.test(typeName) ? `an ${typeName}` : `a ${typeName}`;
}
