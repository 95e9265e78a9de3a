import type { JSX } from 'preact';
import { CheckIcon } from './icons';
import './recorded_tick.css';

/** The books hold this. */
export function RecordedTick({ testId }: { testId?: string }): JSX.Element {
  return (
    <span class="recorded" role="img" aria-label="Recorded" title="Recorded in the books" data-testid={testId}>
      <CheckIcon />
    </span>
  );
}
