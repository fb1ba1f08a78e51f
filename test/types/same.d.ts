/** Compiles only where `A` and `B` are one type: `const same: Same<A, B> = true`. */
export type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** What `any` swallows: true for `any` alone. */
export type IsAny<T> = 0 extends 1 & T ? true : false;
