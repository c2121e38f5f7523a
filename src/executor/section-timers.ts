import type { TimedSections } from '../operation/timed-sections.ts';
import type { CompiledPlan, CompiledRequest } from './compile.ts';

/**
 * The timers of sections with a timeout of their own. The execution ends when everything else is complete, and each
 * section is complete or has timed out. So sections have at least as long as the rest takes.
 */
export class SectionTimers {
  /** Numbers of pending requests, by section. */
  private readonly open: number[];
  /** The number of pending requests of the rest. */
  private openRest = 0;
  private readonly timedOut: boolean[];
  private readonly timers: NodeJS.Timeout[] = [];

  private readonly onDone: TimedSections['onDone'];

  constructor(compiled: CompiledPlan, { list, onDone }: TimedSections) {
    this.onDone = onDone;
    this.open = list.map(() => 0);
    this.timedOut = list.map(() => false);
    for (const { planned } of compiled.requests) this.count(planned.sections, 1);
  }

  /**
   * Starts the timers.
   * @param onDue called when a section has timed out and nothing else is pending
   */
  start({ list }: TimedSections, onDue: () => void): void {
    const byTime = new Map<number, number[]>();
    for (const [section, { timeoutMs }] of list.entries())
      if (this.open[section] !== 0 && timeoutMs !== Number.POSITIVE_INFINITY)
        byTime.set(timeoutMs, [...(byTime.get(timeoutMs) ?? []), section]);
    for (const [ms, sections] of byTime) {
      const end = () => {
        for (const section of sections) this.timedOut[section] = true;
        if (this.isDue()) onDue();
      };
      this.timers.push(setTimeout(end, ms));
    }
  }

  /**
   * Records that a request is done.
   * @returns whether nothing is pending any more
   */
  done({ planned: { sections } }: CompiledRequest): boolean {
    this.count(sections, -1);
    if (this.onDone) for (const section of sections ?? []) if (this.open[section] === 0) this.onDone(section);
    return this.isDue();
  }

  stop(): void {
    for (const timer of this.timers) clearTimeout(timer);
  }

  isLate(section: number): boolean {
    return this.open[section] !== 0;
  }

  private count(sections: readonly number[] | undefined, by: number): void {
    if (sections === undefined) this.openRest += by;
    else for (const section of sections) this.open[section] = (this.open[section] ?? 0) + by;
  }

  private isDue(): boolean {
    return this.openRest === 0 && this.open.every((left, section) => left === 0 || this.timedOut[section]);
  }
}
