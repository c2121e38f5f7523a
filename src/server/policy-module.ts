import { importFresh } from '../bff/shapes/import-fresh.ts';
import { UnusableSetting } from '../config/unusable-setting.ts';
import type { DecidePolicies } from '../policy/authorization/granted-policies.ts';

/**
 * Imports the module that decides policies (`authorization.policies.module`), JavaScript, or TypeScript that can be erased.
 * Throws `UnusableSetting`, which names the file when it cannot be used.
 */
export async function loadPolicyModule(file: string): Promise<DecidePolicies> {
  let module: { default?: unknown };
  try {
    module = await importFresh(file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UnusableSetting(`The module of authorization.policies, ${file}, cannot be loaded: ${reason}`);
  }
  if (typeof module.default === 'function') return module.default as DecidePolicies;
  throw new UnusableSetting(
    `The default export of ${file} (authorization.policies.module) is no function. ` +
      'Write "export default async (policies, { identity }) => …", which answers with the policies that are met.',
  );
}
