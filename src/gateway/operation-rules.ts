import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import type { OpenPlugins } from './open-plugins.ts';

type Settings = Pick<Config, 'limits' | 'demand_control' | 'authorization' | 'plugins' | 'coprocessor'>;

/**
 * Returns what identifies, in all processes, the settings that decide which operations may run and what plugins make of their results. A
 * response that was cached with others may not be allowed any more.
 */
export function operationRules(
  { limits, demand_control, authorization, plugins: sections, coprocessor }: Settings,
  plugins: Pick<OpenPlugins, 'reloads'> | undefined,
): string {
  const { module } = authorization.policies;
  const files = [...sections.map(({ path }) => path), ...(module === undefined ? [] : [module])];
  const texts = files.map(contentOf);
  // files that a plugin imports may have changed without the plugin itself
  const settings = [limits, demand_control, authorization, sections, coprocessor, texts, plugins?.reloads()];
  return hash('sha256', JSON.stringify(settings), 'base64url');
}

/** Returns a digest of a file; `undefined` where it cannot be read, which is reported by what loads it. */
function contentOf(file: string): string | undefined {
  try {
    return hash('sha256', readFileSync(file), 'base64url');
  } catch {
    return undefined;
  }
}
