import type { LookupPart } from '../planner/plan.ts';
import type { CompiledLookup } from './compile.ts';
import { isOfType, type ResponseObject } from './objects.ts';
import type { RepresentationWriter } from './representation-writer.ts';
import type { ResponseObjects } from './response-objects.ts';

/** The distinct entities of one look-up, and the objects that receive them. */
export interface GatheredEntities {
  readonly lookup: CompiledLookup;
  /** The part of the document for this look-up. */
  readonly part: LookupPart;
  readonly objects: ResponseObject[];
  /** For each object, the index of its entity. */
  readonly slots: number[];
  /** For each target after the first, the index of its first object. */
  readonly borders: number[];
  /** How many entities are requested. */
  readonly count: number;
  /** Objects that cannot be looked up, because parts of their keys are missing. */
  readonly skipped: readonly ResponseObject[] | undefined;
  /** The variables as JSON members: the representations, and values from contexts, `"r0":[…]`. */
  readonly variables: string;
}

/** Gathers the objects at the targets of a look-up and writes each distinct entity once. */
export function gatherEntities(lookup: CompiledLookup, targets: ResponseObjects): GatheredEntities {
  const distinct = new DistinctEntities(lookup.representation);
  const objects: ResponseObject[] = [];
  const slots: number[] = [];
  const borders: number[] = [];
  let skipped: ResponseObject[] | undefined;
  for (const { position, types } of lookup.targets) {
    borders.push(objects.length);
    const found = targets.at(position);
    for (let i = 0; i < found.length; i++) {
      const object = found[i] as ResponseObject;
      if (types !== undefined && !isOfType(object, types)) continue;
      const index = distinct.indexOf(object);
      if (index < 0) {
        skipped ??= [];
        skipped.push(object);
        continue;
      }
      objects.push(object);
      slots.push(index);
    }
  }
  borders.shift();
  const variables = distinct.count === 0 ? '' : `${lookup.variableHead}${distinct.texts}]`;
  return { lookup, part: lookup.planned, objects, slots, borders, count: distinct.count, skipped, variables };
}

/** Returns the variables of all look-ups, as JSON members. */
export function variablesOf(sent: readonly GatheredEntities[]): string {
  let variables = '';
  for (const { count, variables: own } of sent) if (count > 0) variables += `${variables && ','}${own}`;
  return variables;
}

/** Clears the lists of objects once their entities were merged, or failed. */
export function forgetObjects(sent: readonly GatheredEntities[]): void {
  for (const { objects, slots } of sent) {
    objects.length = 0;
    slots.length = 0;
  }
}

/** Assigns one index to all objects that are the same entity, by the representation that is sent. */
export class DistinctEntities {
  count = 0;
  texts = '';
  private readonly representation: RepresentationWriter;
  private readonly byText = new Map<string, number>();
  /**
   * By the value of the first key: an object with it, and its index. For most objects of a large response this
   * comparison suffices.
   */
  private readonly byValue = new Map<unknown, { object: ResponseObject; index: number }>();

  constructor(representation: RepresentationWriter) {
    this.representation = representation;
  }

  /** Returns the index of an object's entity among those to be looked up; -1 where it cannot be looked up. */
  indexOf(object: ResponseObject): number {
    const { plainKeys, write } = this.representation;
    const first = plainKeys?.[0];
    if (plainKeys === undefined || first === undefined) return this.add(write(object));
    const value = object[first];
    const known = this.byValue.get(value);
    if (known !== undefined && agree(known.object, object, plainKeys)) return known.index;
    const index = this.add(write(object));
    if (known === undefined) this.byValue.set(value, { object, index });
    return index;
  }

  private add(text: string | undefined): number {
    if (text === undefined) return -1;
    const known = this.byText.get(text);
    if (known !== undefined) return known;
    const index = this.count;
    this.count += 1;
    this.byText.set(text, index);
    this.texts += index === 0 ? text : `,${text}`;
    return index;
  }
}

function agree(a: ResponseObject, b: ResponseObject, keys: readonly string[]): boolean {
  for (let i = 1; i < keys.length; i++) {
    const key = keys[i] as string;
    if (a[key] !== b[key]) return false;
  }
  return true;
}
