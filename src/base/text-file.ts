import { readFileSync } from 'node:fs';

/**
 * The UTF-8 text of a file that others make and remove at any time, such as a pid file or one below /proc; '' when it
 * is missing or can't be read. Asking first whether it exists would race with its removal.
 */
export function readTextOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
