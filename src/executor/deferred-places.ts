import type { DeferGroup } from '../operation/defer-groups.ts';
import type { ResponsePath } from './errors.ts';
import type { NullReasons } from './null-reasons.ts';
import type { SelectionPart } from './object-shapes.ts';
import type { ObjectWriter } from './object-writer.ts';
import { isObject, type ResponseObject } from './objects.ts';
import type { Projection } from './projection.ts';
import type { SubgraphPath } from './response-objects.ts';
import type { WriteContext } from './write-context.ts';

/** An object with fields of a defer group. */
export interface DeferredPlace {
  readonly object: ResponseObject;
  /** The client's path of the object. */
  readonly path: ResponsePath;
  /** The same path, of aliased keys. */
  readonly subgraphPath: SubgraphPath;
  readonly write: ObjectWriter;
}

/** The selections on one level of the path from the root to the fields of a group. */
interface Level {
  readonly parts: readonly SelectionPart[];
  readonly staticType: string;
  readonly depth: number;
  readonly steps: Map<string, Step | undefined>;
}

/** What to do with objects of one type: write their fields, or follow one field. */
type Step = ObjectWriter | { readonly responseKey: string; readonly subgraphKey: string; readonly next: Level };

/** Finds the objects with fields of one defer group. How to get there is computed once for each runtime type. */
export class DeferredPlaces {
  private readonly projection: Projection;
  private readonly path: DeferGroup['path'];
  private readonly number: number;
  private readonly root: Level;

  /** @param number the number of the group among those of its operation */
  constructor(projection: Projection, root: SelectionPart, { path }: DeferGroup, number: number) {
    this.projection = projection;
    this.path = path;
    this.number = number;
    this.root = { parts: [root], staticType: root.position.type, depth: 0, steps: new Map() };
  }

  /**
   * Finds the objects in the data.
   * @param nulled objects and lists in whose place null was written: nothing within them has a place
   */
  find(data: ResponseObject, nulled: ReadonlySet<unknown>): DeferredPlace[] {
    const places: DeferredPlace[] = [];
    const visit = (value: unknown, level: Level, path: ResponsePath, subgraphPath: SubgraphPath): void => {
      if (nulled.has(value)) return;
      if (Array.isArray(value)) {
        for (const [i, item] of value.entries()) visit(item, level, [...path, i], [...subgraphPath, i]);
        return;
      }
      if (!isObject(value)) return;
      const step = this.step(level, String(value.__typename ?? level.staticType));
      if (step === undefined) return;
      if (typeof step === 'function') places.push({ object: value, path, subgraphPath, write: step });
      else visit(value[step.subgraphKey], step.next, [...path, step.responseKey], [...subgraphPath, step.subgraphKey]);
    };
    visit(data, this.root, [], []);
    return places;
  }

  private step(level: Level, typeName: string): Step | undefined {
    if (!level.steps.has(typeName)) level.steps.set(typeName, this.findStep(level, typeName));
    return level.steps.get(typeName);
  }

  private findStep({ parts, depth }: Level, typeName: string): Step | undefined {
    const { fields } = this.projection.shapes.shape(parts, typeName);
    const found = fields.find(({ field }) => field.responseKey === this.path[depth]);
    if (found === undefined) return undefined;
    if (depth === this.path.length - 1) return this.projection.groupWriter(parts, typeName, this.number);
    const { below, subgraphKey, field } = found;
    const staticType = below[0]?.position.type ?? '';
    const next = { parts: below, staticType, depth: depth + 1, steps: new Map() };
    return { responseKey: field.responseKey, subgraphKey, next };
  }
}

/**
 * Writes the fields of a group in one object, as an object of their own; `null` where one of them is null that must not
 * be.
 * @param root the root object of the data
 */
export function writePlace(
  { object, path, subgraphPath, write }: DeferredPlace,
  root: ResponseObject,
  nullReasons: NullReasons | undefined,
  context: WriteContext,
): string {
  const text = write(object, context);
  if (context.violated) {
    context.path = [...path];
    if (nullReasons) context.coverage = nullReasons.coverageAt(root, subgraphPath);
    write(object, context);
    context.path = undefined;
  }
  return text ?? 'null';
}
