import type { JSX } from 'preact';
import type { Statements } from '../state/statements';
import { DownloadIcon } from './icons';
import { saveFile } from './save_file';

/** The period on screen, as the server's own CSV file. */
export function SaveCsv<Statement>({ statements }: { statements: Statements<Statement> }): JSX.Element {
  const save = async (): Promise<void> => {
    const file = await statements.csv();
    if (file) saveFile(file);
  };
  return (
    <button type="button" class="button" data-testid="csv" disabled={statements.saving.isBusy.value || statements.statement.value === null} onClick={() => void save()}>
      <DownloadIcon /> CSV
    </button>
  );
}
