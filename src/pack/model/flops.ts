/** Counts the floating-point operations of one predict from the kernels that it calls. */
import { sizeOf } from '../../base/dtype.js';
import type { KernelCall } from '../../engines/tfjs/profile.js';

/** Floating-point operations: two for each multiply-add of convolutions and matrix products, one for each output element of other kernels. */
export const countFlops = (calls: readonly KernelCall[]): number => calls.reduce((sum, call) => sum + flopsOf(call), 0);

function flopsOf({ name, inputShapes, outputShapes }: KernelCall): number {
  const outputs = outputShapes.reduce((sum, shape) => sum + sizeOf(shape), 0);
  const [first = [], second = []] = inputShapes;
  switch (name) {
    case 'Conv2D':
    case 'FusedConv2D':
    case 'Conv3D':
      // Filter: spatial sizes, channels in, channels out.
      return 2 * outputs * sizeOf(second.slice(0, -1));
    case 'DepthwiseConv2dNative':
    case 'FusedDepthwiseConv2D':
      return 2 * outputs * sizeOf(second.slice(0, 2));
    case 'Conv2DBackpropInput':
      // Filter: spatial sizes, channels out, channels in. Each input element is multiplied with all but the last.
      return 2 * sizeOf(first) * sizeOf(second.slice(0, -1));
    case 'BatchMatMul':
    case '_FusedMatMul': {
      const rows = outputShapes[0]?.at(-2) ?? 1;
      return (2 * outputs * sizeOf(first.slice(-2))) / Math.max(1, rows);
    }
    case 'Identity':
    case 'Reshape':
      return 0;
    default:
      return outputs;
  }
}
