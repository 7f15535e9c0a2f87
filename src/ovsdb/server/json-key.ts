/** JSON values as keys of maps: request ids and monitor ids may be any JSON. */
import type { Json } from '../../rpc/channel.ts';
import { emitJson, formatJson } from '../../rpc/json.ts';

/** Equal for equal JSON values, and itself their JSON text. */
export function jsonKey(id: Json): string {
  if (Number.isSafeInteger(id)) return String(id);
  return typeof id === 'string' ? emitJson(id) : formatJson(id, { isSorted: true });
}
