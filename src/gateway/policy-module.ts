import { importFresh } from '../bff/shapes/import-fresh.ts';
import { ConfigValueError } from '../config/config-value-error.ts';
import type { DecidePolicies } from '../policy/authorization/granted-policies.ts';
import { digestOfModules } from '../shared/relative-imports.ts';
import type { CountReload } from '../telemetry/instruments.ts';
import type { Logger } from '../telemetry/logger.ts';
import { WatchedModules } from './watched-modules.ts';

/**
 * Imports the module that decides policies (`authorization.policies.module`): JavaScript, or TypeScript with erasable syntax only.
 * Throws `ConfigValueError`, which names the file when it cannot be used.
 */
export async function loadPolicyModule(file: string): Promise<DecidePolicies> {
  let module: { default?: unknown };
  try {
    module = await importFresh(file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigValueError(`The module of authorization.policies, ${file}, cannot be loaded: ${reason}`);
  }
  if (typeof module.default === 'function') return module.default as DecidePolicies;
  throw new ConfigValueError(
    `The default export of ${file} (authorization.policies.module) is not a function. ` +
      'Write "export default async (policies, { identity }) => …", which returns the policies that are met.',
  );
}

export interface PolicyModule {
  readonly decide: DecidePolicies;
  /** Returns the digest of the module and its relative imports. */
  readonly digest: () => string;
  /** Loads the module again. If that fails, keeps the previous version and logs the error. */
  reload(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Loads the module. Throws `ConfigValueError` when the first load fails.
 * @param watches whether the module is reloaded when it changes
 * @param onReload called after each reload
 */
export async function openPolicyModule(
  file: string,
  logger: Logger,
  watches: boolean,
  onReload?: CountReload,
): Promise<PolicyModule> {
  let current = await loadPolicyModule(file);
  let digest = await digestOfModules([file]);
  const reload = async () => {
    try {
      current = await loadPolicyModule(file);
      digest = await digestOfModules([file]);
      onReload?.('policies', true);
      logger.info({ file }, 'reloaded');
    } catch (err) {
      onReload?.('policies', false);
      logger.error({ file, err }, 'cannot be reloaded; keeping the previous version');
    }
  };
  const onChange = () => void reload().then(() => watching?.update());
  const watching = watches ? new WatchedModules([file], onChange, logger) : undefined;
  await watching?.update();
  return {
    decide: (policies, request) => current(policies, request),
    digest: () => digest,
    reload,
    close: async () => watching?.close(),
  };
}
