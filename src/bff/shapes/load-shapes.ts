import type { Problem } from '../../config/problem.ts';
import { problemAt } from '../endpoints/problem-at.ts';
import { importFresh } from './import-fresh.ts';
import type { Shape } from './shape.ts';

export interface LoadedShapes {
  /** By the id of their endpoint. */
  readonly shapes: ReadonlyMap<string, Shape>;
  /** What modules say of their answers as JSON Schema (`export const schema`), for the documentation. */
  readonly schemas: ReadonlyMap<string, object>;
  readonly problems: readonly Problem[];
}

export const NO_SHAPES: LoadedShapes = { shapes: new Map(), schemas: new Map(), problems: [] };

/**
 * Imports the modules that shape answers. They may be TypeScript as far as it can be erased, on every Node: see
 * `typescript-hooks.ts`. Each is read again when it has changed, with what it imports from beside it.
 * @param files by the id of their endpoint
 */
export async function loadShapes(files: ReadonlyMap<string, string>): Promise<LoadedShapes> {
  if (files.size === 0) return NO_SHAPES;
  const shapes = new Map<string, Shape>();
  const schemas = new Map<string, object>();
  const problems: Problem[] = [];
  for (const [id, file] of files) {
    try {
      const module = await importFresh(file);
      if (typeof module.default !== 'function') problems.push(noShape(file));
      else shapes.set(id, module.default as Shape);
      if (typeof module.schema === 'object' && module.schema !== null) schemas.set(id, module.schema);
    } catch (error) {
      problems.push(cannotLoad(file, error));
    }
  }
  return { shapes, schemas, problems };
}

const HINT = 'Write "export default defineShape((data) => …)", with defineShape from "headgate".';

function noShape(file: string): Problem {
  return problemAt(file, undefined, 'ENDPOINT_SHAPE', 'Its default export is no function.', HINT);
}

function cannotLoad(file: string, error: unknown): Problem {
  const message = `It cannot be loaded: ${error instanceof Error ? error.message : String(error)}`;
  return problemAt(file, undefined, 'ENDPOINT_SHAPE', message, HINT);
}
