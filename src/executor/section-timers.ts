import type { TimedSections } from '../operation/timed-sections.ts';
import type { CompiledPlan, CompiledRequest } from './compile.ts';

/**
 * How long one run waits for sections with a time of their own. The run is at its end when everything else is there, and
 * each section either is, too, or has had its time: so where it is the rest that takes long, sections have as long.
 */
export class SectionTimers {
  /** Requests that are not done: by section, and for the rest. */
  private readonly open: number[];
  private openRest = 0;
  private readonly timeUp: boolean[];
  private readonly timers: NodeJS.Timeout[] = [];

  private readonly onDone: TimedSections['onDone'];

  constructor(compiled: CompiledPlan, { list, onDone }: TimedSections) {
    this.onDone = onDone;
    this.open = list.map(() => 0);
    this.timeUp = list.map(() => false);
    for (const { planned } of compiled.requests) this.count(planned.sections, 1);
  }

  /** @param onDue called when a time is up and nothing else is waited for */
  start({ list }: TimedSections, onDue: () => void): void {
    const byTime = new Map<number, number[]>();
    for (const [section, { timeoutMs }] of list.entries())
      if (this.open[section] !== 0 && timeoutMs !== Number.POSITIVE_INFINITY)
        byTime.set(timeoutMs, [...(byTime.get(timeoutMs) ?? []), section]);
    for (const [ms, sections] of byTime) {
      const end = () => {
        for (const section of sections) this.timeUp[section] = true;
        if (this.isDue()) onDue();
      };
      this.timers.push(setTimeout(end, ms));
    }
  }

  /** @returns whether nothing is waited for any more */
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
    return this.openRest === 0 && this.open.every((left, section) => left === 0 || this.timeUp[section]);
  }
}
