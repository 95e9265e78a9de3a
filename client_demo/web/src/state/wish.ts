import { GiftwaveError } from '../sdk';

/** Keeps one client-made id per wish, so that trying again after a lost answer cannot do it twice. */
export class Wish {
  readonly #newId: () => string;
  #contents: string | null = null;
  #id = '';

  constructor(newId: () => string) {
    this.#newId = newId;
  }

  /** Do `step` under the id of this wish; until it is decided, the same contents keep the same id. */
  async run<Answer>(contents: unknown, step: (id: string) => Promise<Answer>): Promise<Answer> {
    const id = this.#idFor(JSON.stringify(contents));
    try {
      const answer = await step(id);
      this.#contents = null;
      return answer;
    } catch (error) {
      const isDecided = error instanceof GiftwaveError && !error.retryable;
      if (isDecided) this.#contents = null;
      throw error;
    }
  }

  #idFor(contents: string): string {
    if (contents !== this.#contents) {
      this.#contents = contents;
      this.#id = this.#newId();
    }
    return this.#id;
  }
}
