import type { Expression, Head, Literal, Path, Selection, Step } from './syntax.ts';

/**
 * What a mapping is known to give, whatever the answer: objects by their fields. That a value may be an array of such is
 * left open, since mappings treat arrays item by item.
 */
export type Shape =
  | { readonly kind: 'object'; readonly fields: ReadonlyMap<string, ShapeField>; readonly open: boolean }
  | { readonly kind: 'choice'; readonly shapes: readonly Shape[] }
  | { readonly kind: 'literal'; readonly value: Literal }
  /** Whatever the answer has there. */
  | { readonly kind: 'unknown' };

export interface ShapeField {
  readonly shape: Shape;
  /** Offset in the mapping's text. */
  readonly at: number;
}

const UNKNOWN: Shape = { kind: 'unknown' };
/** More alternatives than these are not told apart. */
const MOST_ALTERNATIVES = 64;

export function shapeOf(expression: Expression): Shape {
  switch (expression.kind) {
    case 'literal':
      return { kind: 'literal', value: expression.value };
    case 'array':
      return choiceOf(expression.items.map(shapeOf));
    case 'object': {
      const fields = new Map<string, ShapeField>();
      for (const [key, value] of expression.properties) fields.set(key, { shape: shapeOf(value), at: value.at });
      return { kind: 'object', fields, open: false };
    }
    case 'first':
      return choiceOf(expression.operands.map(shapeOf));
    case 'selection':
      return shapeOfSelection(expression);
    case 'path':
      return shapeOfPath(expression);
  }
}

/** The objects that a shape may be. */
export function objectsIn(shape: Shape): Extract<Shape, { kind: 'object' }>[] {
  if (shape.kind === 'object') return [shape];
  return shape.kind === 'choice' ? shape.shapes.flatMap(objectsIn) : [];
}

/** The strings that a shape may be, if it can be nothing else. */
export function literalsIn(shape: Shape): string[] | undefined {
  if (shape.kind === 'literal') return typeof shape.value === 'string' ? [shape.value] : undefined;
  if (shape.kind !== 'choice') return undefined;
  const all = shape.shapes.map(literalsIn);
  return all.includes(undefined) ? undefined : all.flatMap((values) => values ?? []);
}

function choiceOf(shapes: readonly Shape[]): Shape {
  return shapes.length === 1 && shapes[0] !== undefined ? shapes[0] : { kind: 'choice', shapes };
}

interface Alternative {
  readonly fields: ReadonlyMap<string, ShapeField>;
  readonly open: boolean;
}

function shapeOfSelection({ fields }: Selection): Shape {
  let alternatives: readonly Alternative[] = [{ fields: new Map(), open: false }];
  for (const field of fields) {
    const shape = shapeOf(field.value);
    if (field.kind === 'named') {
      const added = new Map([[field.name, { shape, at: field.at }]]);
      alternatives = alternatives.map((known) => merge(known, { fields: added, open: false }));
      continue;
    }
    const objects = objectsIn(shape);
    if (objects.length === 0) alternatives = alternatives.map((known) => ({ ...known, open: true }));
    else if (objects.length * alternatives.length <= MOST_ALTERNATIVES) {
      alternatives = alternatives.flatMap((known) => objects.map((object) => merge(known, object)));
    }
  }
  return choiceOf(alternatives.map((alternative) => ({ kind: 'object', ...alternative })));
}

function merge(known: Alternative, added: Alternative): Alternative {
  return { fields: new Map([...known.fields, ...added.fields]), open: known.open || added.open };
}

function shapeOfPath({ head, steps, selection }: Path): Shape {
  if (selection !== undefined) return shapeOfSelection(selection);
  return steps.reduce(shapeAfter, shapeOfHead(head));
}

function shapeOfHead(head: Head): Shape {
  return head.kind === 'expression' ? shapeOf(head.expression) : UNKNOWN;
}

const SAME_SHAPE = new Set(['first', 'last', 'slice', 'filter', 'find', 'get']);

function shapeAfter(shape: Shape, step: Step): Shape {
  if (step.kind === 'question') return shape;
  if (step.kind === 'key') {
    const found = objectsIn(shape).flatMap(({ fields }) => fields.get(step.key)?.shape ?? []);
    return found.length === 0 ? UNKNOWN : choiceOf(found);
  }
  const [first] = step.args;
  if (SAME_SHAPE.has(step.name)) return shape;
  if ((step.name === 'echo' || step.name === 'map') && first !== undefined) return shapeOf(first);
  if (step.name === 'match' || step.name === 'matchIf' || step.name === 'match_if') {
    const results = step.args.flatMap((pair) => (pair.kind === 'array' ? (pair.items[1] ?? pair.items[0] ?? []) : []));
    return choiceOf(results.map(shapeOf));
  }
  if (step.name !== 'entries') return UNKNOWN;
  const field = { shape: UNKNOWN, at: step.at };
  return {
    kind: 'object',
    fields: new Map([
      ['key', field],
      ['value', field],
    ]),
    open: false,
  };
}
