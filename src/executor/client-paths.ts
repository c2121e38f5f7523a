import type { CompiledPlan } from './compile.ts';
import { type ClientPaths, toClientPaths } from './errors.ts';
import type { ObjectShape, SelectionPart } from './object-shapes.ts';
import { isObject } from './objects.ts';
import type { ResponseObjects, SubgraphPath } from './response-objects.ts';

/** Translates paths of aliased keys in one response into the client's terms. */
export class PathTranslator {
  private readonly compiled: CompiledPlan;
  private readonly targets: ResponseObjects;
  private readonly root: readonly [SelectionPart];
  private readonly shapes = new Map<readonly SelectionPart[], Map<string, ObjectShape>>();

  constructor(compiled: CompiledPlan, targets: ResponseObjects) {
    this.compiled = compiled;
    this.targets = targets;
    this.root = [{ position: compiled.plan.root, selection: compiled.plan.selection }];
  }

  clientPaths(path: SubgraphPath): ClientPaths {
    return toClientPaths(
      path,
      this.root,
      this.compiled.plan.root.type,
      (parts, typeName) => this.shapeOf(parts, typeName),
      (subgraphPath) => this.typeAt(subgraphPath),
    );
  }

  /** Returns the shape of objects at a place; cached, because many errors mostly concern the same few fields. */
  private shapeOf(parts: readonly SelectionPart[], typeName: string): ObjectShape {
    let byType = this.shapes.get(parts);
    if (byType === undefined) {
      byType = new Map();
      this.shapes.set(parts, byType);
    }
    let shape = byType.get(typeName);
    if (shape === undefined) {
      shape = this.compiled.projection.shapes.shape(parts, typeName);
      byType.set(typeName, shape);
    }
    return shape;
  }

  private typeAt(path: SubgraphPath): string | undefined {
    let value: unknown = this.targets.data;
    for (const step of path) {
      if (Array.isArray(value)) value = typeof step === 'number' ? value[step] : undefined;
      else value = isObject(value) ? value[step] : undefined;
    }
    return isObject(value) && typeof value.__typename === 'string' ? value.__typename : undefined;
  }
}
