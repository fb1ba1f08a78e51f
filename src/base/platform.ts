/**
 * Platform classes for public types, each `never` if the app's TypeScript libraries do not declare it.
 * A plain `HTMLVideoElement` in our `.d.ts` would be an error in a project without the DOM library,
 * or become `any` under `skipLibCheck`.
 */
export type PlatformAbortSignal = typeof globalThis extends { AbortSignal: { prototype: infer T } } ? T : never;
export type PlatformFetch = typeof globalThis extends { fetch: infer T } ? T : never;
export type PlatformGPUDevice = typeof globalThis extends { GPUDevice: { prototype: infer T } } ? T : never;
export type PlatformBlob = typeof globalThis extends { Blob: { prototype: infer T } } ? T : never;
export type PlatformImageBitmap = typeof globalThis extends { ImageBitmap: { prototype: infer T } } ? T : never;
export type PlatformImageData = typeof globalThis extends { ImageData: { prototype: infer T } } ? T : never;
export type PlatformVideoFrame = typeof globalThis extends { VideoFrame: { prototype: infer T } } ? T : never;
export type PlatformOffscreenCanvas = typeof globalThis extends { OffscreenCanvas: { prototype: infer T } } ? T : never;
export type PlatformImageElement = typeof globalThis extends { HTMLImageElement: { prototype: infer T } } ? T : never;
export type PlatformVideoElement = typeof globalThis extends { HTMLVideoElement: { prototype: infer T } } ? T : never;
export type PlatformCanvasElement = typeof globalThis extends { HTMLCanvasElement: { prototype: infer T } } ? T : never;
export type PlatformMediaStreamTrack = typeof globalThis extends { MediaStreamTrack: { prototype: infer T } } ? T : never;
