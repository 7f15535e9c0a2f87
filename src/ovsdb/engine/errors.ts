/**
 * Errors of the database as RFC 7047 `<error>` objects: a tag, details, and as the reference adds, the offending JSON
 * ("syntax") and the errno of a failed file operation. Thrown by the engine, turned into results by its callers.
 */
import { Refused } from '../../base/errors.ts';
import type { Json, JsonObject } from '../../rpc/channel.ts';
import { formatJson } from '../../rpc/json.ts';

export class OvsdbError extends Refused {
  override readonly name = 'OvsdbError';
  readonly details: string | undefined;
  /** The JSON text that was refused, members sorted. */
  readonly syntax: string | undefined;
  /** strerror text of a failed file operation. */
  readonly ioError: string | undefined;

  constructor(tag: string, details?: string, more: { syntax?: string; ioError?: string } = {}) {
    super(tag, describe(tag, details, more));
    this.details = details;
    this.syntax = more.syntax;
    this.ioError = more.ioError;
  }

  /**
   * The RFC 7047 `<error>` object.
   * @internal
   */
  toJson(): JsonObject {
    return {
      ...(this.syntax !== undefined && { syntax: this.syntax }),
      ...(this.details !== undefined && { details: this.details }),
      ...(this.ioError !== undefined && { 'io-error': this.ioError }),
      error: this.tag,
    };
  }
}

/**
 * `json` is not what it should be.
 * @internal
 */
export function syntaxError(json: Json | undefined, details: string, tag = 'syntax error'): OvsdbError {
  return new OvsdbError(
    tag,
    details,
    json === undefined ? {} : { syntax: formatJson(json, { isSorted: true }) },
  );
}

/** @internal */
export function ioError(details: string, reason: string): OvsdbError {
  return new OvsdbError('I/O error', details, { ioError: reason });
}

function describe(
  tag: string,
  details: string | undefined,
  more: { syntax?: string; ioError?: string },
): string {
  const syntax = more.syntax === undefined ? '' : `syntax "${more.syntax}": `;
  const why = details === undefined ? '' : `: ${details}`;
  const reason = more.ioError === undefined ? '' : ` (${more.ioError})`;
  return `${syntax}${tag}${why}${reason}`;
}
