import { signal } from '@preact/signals';

/** One thing at a time, with the words for what went wrong: a dialog has no room for toasts behind it. */
export class Task {
  readonly isBusy = signal(false);
  readonly problem = signal<string | null>(null);

  /** True where `step` went through; false where it failed, which `problem` explains, or where another was still busy. */
  async run(step: () => Promise<void>): Promise<boolean> {
    if (this.isBusy.peek()) return false;
    this.isBusy.value = true;
    this.problem.value = null;
    try {
      await step();
      return true;
    } catch (error) {
      this.problem.value = error instanceof Error ? error.message : String(error);
      return false;
    } finally {
      this.isBusy.value = false;
    }
  }
}
