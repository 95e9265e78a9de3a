import { signal } from '@preact/signals';
import { systemClock, type Clock, type StatementPeriod, type TimerId } from '../sdk';
import type { NamedPeriod } from './periods';
import { Task } from './task';

export interface StatementSource<Statement> {
  /** Begins the name of the saved file. */
  name: string;
  /** Between news of the books and the next reading. */
  refresh_ms: number;
  periods(): NamedPeriod[];
  load(period: StatementPeriod): Promise<Statement>;
  csv(period: StatementPeriod): Promise<string>;
}

export interface SavedFile {
  name: string;
  text: string;
}

/** One person's statements, a period at a time. */
export class Statements<Statement> {
  readonly isShown = signal(false);
  readonly periods = signal<readonly NamedPeriod[]>([]);
  readonly period = signal<NamedPeriod | null>(null);
  readonly statement = signal<Statement | null>(null);
  readonly problem = signal<string | null>(null);
  readonly saving = new Task();
  readonly #source: StatementSource<Statement>;
  readonly #clock: Clock;
  #asked = 0;
  #timer: TimerId = null;

  constructor(source: StatementSource<Statement>, clock: Clock = systemClock) {
    this.#source = source;
    this.#clock = clock;
  }

  show(): void {
    this.isShown.value = true;
    this.periods.value = this.#source.periods();
    const chosen = this.periods.peek().find(({ key }) => key === this.period.peek()?.key) ?? this.periods.peek()[0];
    if (chosen) void this.choose(chosen);
  }

  hide(): void {
    this.isShown.value = false;
  }

  async choose(period: NamedPeriod): Promise<void> {
    if (period.key !== this.period.peek()?.key) this.statement.value = null;
    this.period.value = period;
    await this.#load(period);
  }

  /** The books grew: load again soon, where anybody looks. */
  refresh(): void {
    if (!this.isShown.peek() || this.#timer !== null) return;
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = null;
      const period = this.period.peek();
      if (period && this.isShown.peek()) void this.#load(period);
    }, this.#source.refresh_ms);
  }

  /** The period on screen as CSV, the server's own; null where it could not be had, which `saving` explains. */
  async csv(): Promise<SavedFile | null> {
    const period = this.period.peek();
    if (!period) return null;
    let text = '';
    const isSaved = await this.saving.run(async () => void (text = await this.#source.csv(period)));
    return isSaved ? { name: `${this.#source.name}-${period.key}.csv`, text } : null;
  }

  async #load(period: NamedPeriod): Promise<void> {
    const asked = (this.#asked += 1);
    try {
      const statement = await this.#source.load(period);
      // Only the latest question's answer is shown, in whatever order they come.
      if (asked !== this.#asked) return;
      this.statement.value = statement;
      this.problem.value = null;
    } catch (error) {
      if (asked === this.#asked) this.problem.value = error instanceof Error ? error.message : String(error);
    }
  }
}
