import type { StageSection } from '../../config/sections/coprocessor.ts';
import { stringifyJson } from '../../shared/exact-json.ts';
import { GatewayError } from '../../shared/gateway-error.ts';
import type { PluginLog } from '../hooks.ts';
import { CoprocessorError, type ServiceClient } from './call-service.ts';
import { isMet, type SelectorValues } from './conditions.ts';
import { type EntrySource, entriesFor, entriesTaker } from './context-entries.ts';
import { readAnswer, type StageAnswer, type StageName, type StagePayload } from './protocol.ts';

/** One call of the coprocessor. */
export interface StageCall {
  readonly stage: StageName;
  readonly settings: StageSection;
  readonly source: EntrySource;
  readonly log: PluginLog;
  readonly values: SelectorValues;
  /** Returns what is sent beside the control properties and the context. */
  payload(): Partial<StagePayload> | Promise<Partial<StagePayload>>;
  /** Whether claims can be set. */
  readonly maySetClaims?: boolean;
}

/** Calls the coprocessor at stages. */
export class StageCaller {
  readonly #client: ServiceClient;
  readonly #url: string;

  constructor(client: ServiceClient, url: string) {
    this.#client = client;
    this.#url = url;
  }

  /**
   * Calls the coprocessor, and applies what it returns. Resolves with what `apply` returns; with `undefined` where the condition is not met,
   * or where a failure is ignored. Rejects with `CoprocessorError` for any other failure.
   */
  async call<T>(
    call: StageCall,
    apply: (answer: StageAnswer, sent: StagePayload) => T | undefined,
  ): Promise<T | undefined> {
    const { stage, settings, source, log, values } = call;
    if (settings.condition !== undefined && !isMet(settings.condition, values)) return undefined;
    try {
      const sent = await this.#payloadOf(call);
      const text = await this.#client.post(settings.url ?? this.#url, stringifyJson(sent) ?? '');
      const answer = readAnswer(text, sent);
      const take = entriesTaker(answer.entries, sent.context?.entries, source, call.maySetClaims ?? false);
      const applied = apply(answer, sent);
      take();
      return applied;
    } catch (error) {
      // the body of a request may be too large, or the client may have disconnected
      if (error instanceof GatewayError || (error as Error | undefined)?.name === 'ClientDisconnected') throw error;
      const err = new CoprocessorError(`${stage}: ${(error as Error).message}`, { cause: error });
      if (settings.on_error === 'fail') throw err;
      log.error({ requestId: source.request.id, stage, err }, 'coprocessor failed; ignored');
      return undefined;
    }
  }

  async #payloadOf({ stage, settings, source, payload }: StageCall): Promise<StagePayload> {
    const entries = entriesFor(settings, source);
    const control = { version: 1, stage, control: 'continue', id: source.request.id } as const;
    return { ...control, ...(await payload()), ...(entries && { context: { entries } }) };
  }
}
