import { Validator } from '@seriousme/openapi-schema-validator';
import { buildSchema } from 'graphql';
import { expect } from 'vitest';
import type { BffOptions } from '../../../src/bff/bff.ts';
import { engineOver, folderOf, serveBff } from '../support.ts';

const validator = new Validator();

/** Validates an OpenAPI document. All calls share a validator: compiling the schema of OpenAPI takes longer than anything else here. */
export function validateOpenApi(json: Record<string, unknown>) {
  return validator.validate(structuredClone(json));
}

/** The document of the client `app`, which must be valid OpenAPI. */
export async function documentOf(
  sdl: string,
  files: Record<string, string>,
  options: Partial<BffOptions> = {},
  // biome-ignore lint/suspicious/noExplicitAny: a document of many shapes
): Promise<any> {
  const engine = engineOver(buildSchema(sdl), {});
  const { call } = await serveBff({ dir: folderOf(files), engine: () => engine, ...options });
  const { json } = await call('/bff/app/openapi.json');
  expect((await validateOpenApi(json)).errors ?? []).toEqual([]);
  return json;
}

export const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
