import type { Problem } from '../../config/problem.ts';
import { digestOfModules } from '../../shared/relative-imports.ts';
import { problemAt } from '../endpoints/problem-at.ts';
import { importFresh } from './import-fresh.ts';
import type { Shape } from './shape.ts';

/** The shape modules of a folder. */
export interface LoadedShapes {
  /** Functions by endpoint id. */
  readonly shapes: ReadonlyMap<string, Shape>;
  /** JSON Schemas of responses (`export const schema`) by endpoint id, for the documentation. */
  readonly schemas: ReadonlyMap<string, object>;
  readonly problems: readonly Problem[];
  /** Digest of the modules and of what they import by relative paths. It does not depend on where the folder is. */
  readonly digest: string;
}

export const NO_SHAPES: LoadedShapes = { shapes: new Map(), schemas: new Map(), problems: [], digest: '' };

/**
 * Imports shape modules in JavaScript or erasable TypeScript, on every Node version: see `typescript-hooks.ts`. A changed
 * module is read again, together with its relative imports.
 * @param files file paths by endpoint id
 */
export async function loadShapes(files: ReadonlyMap<string, string>): Promise<LoadedShapes> {
  if (files.size === 0) return NO_SHAPES;
  const shapes = new Map<string, Shape>();
  const schemas = new Map<string, object>();
  const problems: Problem[] = [];
  for (const [id, file] of files) {
    try {
      const module = await importFresh(file);
      if (typeof module.default !== 'function') problems.push(notAFunction(file));
      else shapes.set(id, module.default as Shape);
      if (typeof module.schema === 'object' && module.schema !== null) schemas.set(id, module.schema);
    } catch (error) {
      problems.push(cannotLoad(file, error));
    }
  }
  return { shapes, schemas, problems, digest: await digestOfModules([...files.values()]) };
}

const HINT = 'Write "export default defineShape((data) => …)", with defineShape from "headgate".';

function notAFunction(file: string): Problem {
  return problemAt(file, undefined, 'ENDPOINT_SHAPE', 'The default export of a shape module must be a function.', HINT);
}

function cannotLoad(file: string, error: unknown): Problem {
  const message = `The shape module cannot be loaded: ${error instanceof Error ? error.message : String(error)}`;
  return problemAt(file, undefined, 'ENDPOINT_SHAPE', message, HINT);
}
