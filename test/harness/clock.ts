/** A visit some days later: the clock of a page and of its workers, moved. Service workers keep the true one. */

/** For `init` of `openPage`: `Date` in this page, and in workers whose file passed {@link withMovableClock}, is so much later. */
export const laterBy = (shiftMs: number): string => `(${moveClock})(${shiftMs});
globalThis.Worker = new Proxy(Worker, {
  construct: (target, [url, options]) => new target(url, { ...options, name: (options?.name ?? '') + ' later=' + ${shiftMs} }),
});`;

/** A worker's file that looks at its clock as the page that starts it does: an `edit` of a site's `fault`, also for what is kept offline. */
export const withMovableClock = (file: Uint8Array): Uint8Array =>
  Buffer.concat([Buffer.from(`(${moveClock})(Number(/ later=(-?\\d+)$/.exec(self.name)?.[1] ?? 0));\n`), file]);

function moveClock(shiftMs: number): void {
  globalThis.Date = new Proxy(Date, {
    get: (target, key) => (key === 'now' ? () => target.now() + shiftMs : Reflect.get(target, key)),
    construct: (target, given, self) => Reflect.construct(target, given.length === 0 ? [target.now() + shiftMs] : given, self),
    apply: (target) => new target(target.now() + shiftMs).toString(),
  });
}
