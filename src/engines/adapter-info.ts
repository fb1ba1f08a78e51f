/** What a GPU adapter says about itself. */

/** Vendor and architecture of an adapter; a single space in browsers that do not tell them. */
export function adapterName({ info }: { readonly info?: GPUAdapterInfo | undefined }): string {
  return `${info?.vendor ?? ''} ${info?.architecture ?? ''}`;
}

/** Whether the adapter computes in software, on the processor. Older browsers say so on the adapter itself. */
export function isSoftware(adapter: GPUAdapter): boolean {
  const info: { readonly isFallbackAdapter?: boolean } | undefined = adapter.info;
  return info?.isFallbackAdapter ?? adapter.isFallbackAdapter ?? false;
}
