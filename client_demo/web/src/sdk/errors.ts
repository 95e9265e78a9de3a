import type { ErrorMessage } from './messages';

/** A refusal in the server's words, or the SDK's own when no server could answer. `code` is stable; `message` is for people. */
export class GiftwaveError extends Error {
  readonly code: string;
  readonly retryable: boolean;
  readonly intent_id: string | undefined;
  readonly room: string | undefined;
  readonly retry_after_ms: number | undefined;

  constructor(fields: Omit<ErrorMessage, 'type'>) {
    super(fields.message);
    this.name = 'GiftwaveError';
    this.code = fields.code;
    this.retryable = fields.retryable;
    this.intent_id = fields.intent_id;
    this.room = fields.room;
    this.retry_after_ms = fields.retry_after_ms;
  }
}

export function outcomeUnknown(intentId: string, why: string): GiftwaveError {
  return new GiftwaveError({
    code: 'outcome_unknown',
    message: `${why}, so it is not known whether this gift was charged; ask receipt("${intentId}") before sending another.`,
    retryable: false,
    intent_id: intentId,
  });
}
