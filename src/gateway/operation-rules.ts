import { hash } from 'node:crypto';
import type { Config } from '../config/config.ts';
import type { OpenPlugins } from './open-plugins.ts';
import type { PolicyModule } from './policy-module.ts';

type Settings = Pick<Config, 'limits' | 'demand_control' | 'authorization' | 'plugins' | 'coprocessor'>;

/** The modules that decide on operations and their results. */
export interface RuleModules {
  readonly plugins: Pick<OpenPlugins, 'digest'> | undefined;
  readonly policyModule: Pick<PolicyModule, 'digest'> | undefined;
}

/**
 * Returns what identifies, in all processes, the settings that decide which operations may run and what plugins make of their results. A
 * response that was cached with others may not be allowed any more. Where the files of modules are does not count: other machines may
 * have them in other folders.
 */
export function operationRules(
  { limits, demand_control, authorization, plugins: sections, coprocessor }: Settings,
  { plugins, policyModule }: RuleModules,
): string {
  const policies = { ...authorization.policies, module: policyModule?.digest() };
  const ofPlugins = [sections.map((section) => ({ ...section, path: undefined })), plugins?.digest()];
  const settings = [limits, demand_control, { ...authorization, policies }, ofPlugins, coprocessor];
  return hash('sha256', JSON.stringify(settings), 'base64url');
}
