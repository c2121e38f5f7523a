import type { CanarySettings } from '../config/sections/canary.ts';
import type { Instruments } from '../telemetry/instruments.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { CanaryEvent, CanaryOptions } from './generations.ts';

/** The end of a canary, for operators. */
export interface EndedCanary {
  readonly id: string;
  readonly outcome: CanaryEvent['kind'];
  readonly reason: string;
  readonly at: string;
}

export interface CanaryReportParts {
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  readonly instruments: Pick<Instruments, 'canaryChanged'> | undefined;
  /** Called when this process has rolled back a canary by itself. */
  readonly onRollback?: ((id: string, reason: string) => void) | undefined;
}

/** Logs and counts what happens to canaries, and remembers the last end. */
export class CanaryReports {
  /** The last canary that has ended. */
  last: EndedCanary | undefined;
  /** Set once the schema is followed. */
  listener: ((event: CanaryEvent) => void) | undefined;
  readonly #parts: CanaryReportParts;

  constructor(parts: CanaryReportParts) {
    this.#parts = parts;
  }

  /** Returns the options of a gateway that reports to this object; `undefined` if canaries are off. */
  options(settings: CanarySettings | undefined, hasTimer: boolean): CanaryOptions | undefined {
    return settings && { settings, hasTimer, onEvent: (event) => this.#report(event) };
  }

  #report(event: CanaryEvent): void {
    const { kind, reason, status } = event;
    const { logger, instruments, onRollback } = this.#parts;
    const { id, share, current, canary } = status;
    const fields = { canary: id, reason };
    instruments?.canaryChanged(kind);
    if (kind === 'started') {
      logger.info({ ...fields, share }, 'canary started: a share of the clients gets the new schema');
      return;
    }
    this.last = { id, outcome: kind, reason, at: new Date().toISOString() };
    const counts = { current, new: canary };
    if (kind === 'rolled_back') {
      logger.warn({ ...fields, ...counts }, 'canary rolled back: all clients get the previous schema again');
      onRollback?.(id, reason);
    } else if (kind === 'promoted') logger.info({ ...fields, ...counts }, 'canary promoted');
    else logger.info({ ...fields, ...counts }, 'canary replaced by a newer schema');
    this.listener?.(event);
  }
}
