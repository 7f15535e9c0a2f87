/** What a start script would tell the database about this host: os-release(5). */
import { readTextOrEmpty } from '../base/files.ts';

export interface SystemRelease {
  readonly type: string;
  readonly version: string;
}

export function readSystemRelease(path = '/etc/os-release'): SystemRelease {
  const values = parseRelease(readTextOrEmpty(path));
  return { type: values.get('ID') ?? 'unknown', version: values.get('VERSION_ID') ?? 'unknown' };
}

/** KEY=value lines; values may be quoted. */
export function parseRelease(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, key, value] = /^([A-Z0-9_]+)=(.*)$/s.exec(line) ?? [];
    if (key !== undefined && value !== undefined) values.set(key, value.replace(/^(["'])(.*)\1$/s, '$2'));
  }
  return values;
}
