import type { Hooks } from './hooks.ts';
import type { PluginReads } from './plugin-reads.ts';

export type { Identity } from '../client/identity.ts';
export { linearPattern as compilePattern } from '../config/linear-pattern.ts';
export { GatewayError, type GatewayErrorOptions } from '../shared/gateway-error.ts';
export type {
  AuthenticateHook,
  ExecuteHook,
  FetchedResponse,
  FetchHook,
  FetchResponseHook,
  Hooks,
  OperationChange,
  OperationFacts,
  OperationResult,
  ParseHook,
  PayloadHook,
  PlanFacts,
  PlanHook,
  PluginLog,
  PluginPayload,
  PluginResponse,
  PluginResult,
  RequestHook,
  ResponseDraft,
  ResponseHook,
  SchemaChangeHook,
  ShutdownHook,
  StageEnd,
  StageHook,
  TryHook,
  ValidateHook,
} from './hooks.ts';
export type { PluginReads } from './plugin-reads.ts';
export type { PluginHeaders, PluginRequest } from './plugin-request.ts';

/** A schema of the Standard Schema specification, such as one of Zod, Valibot or ArkType. */
export interface StandardSchema<Output> {
  readonly '~standard': {
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
  };
}

type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] };

export interface StandardIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** Checks the `config` of a plugin: a Standard Schema, or an object whose `parse` returns the checked value or throws. */
export type ConfigSchema<Config> = StandardSchema<Config> | { readonly parse: (value: unknown) => Config };

/** A plugin: functions that Headgate calls at the stages of each request. */
export interface Plugin<Config = unknown> {
  /** A name for logs and `headgate plugins list`. */
  readonly name: string;
  /** Checks `config`. Without it, hooks get `config` as it is in the config file. */
  readonly configSchema?: ConfigSchema<Config> | undefined;
  /**
   * What the plugin reads of a request beside the operation and its variables. `'nothing'` if it reads nothing. Without it, the plugin
   * may read anything, and no response is shared or cached.
   */
  readonly reads?: PluginReads | 'nothing' | undefined;
  readonly hooks: Hooks<Config>;
}

/**
 * Defines a plugin: use it for the default export of a file that `plugins` names.
 *
 * @example
 * export default definePlugin({
 *   name: 'served-by',
 *   reads: 'nothing',
 *   hooks: {
 *     onResponse({ response }) {
 *       response.headers.set('x-served-by', 'headgate');
 *     },
 *   },
 * });
 */
export function definePlugin<Config = unknown>(plugin: Plugin<Config>): Plugin<Config> {
  return plugin;
}
