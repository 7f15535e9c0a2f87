/** Numbers that must not be mixed up carry their unit or number space in the type. */

declare const unit: unique symbol;
/** A `T` that only mixes with values of the same `Tag`. */
export type Unit<T, Tag extends string> = T & { readonly [unit]: Tag };

/**
 * Monotonic milliseconds since some start. Never wall time.
 * @internal
 */
export type Ms = Unit<number, 'ms'>;
/** @internal */
export const ms = (value: number): Ms => value as Ms;

/**
 * OpenFlow port number, 32-bit form. Not a DpPort: the two are mapped per bridge.
 * @internal
 */
export type OfPort = Unit<number, 'ofPort'>;
/** @internal */
export const ofPort = (value: number): OfPort => value as OfPort;

/**
 * Datapath port number: one number space for each datapath, shared by its bridges.
 * @internal
 */
export type DpPort = Unit<number, 'dpPort'>;
/** @internal */
export const dpPort = (value: number): DpPort => value as DpPort;

/** RFC 4122 text form, lower case. */
export type Uuid = Unit<string, 'uuid'>;
export const uuid = (value: string): Uuid => value as Uuid;
