/**
 * The options that the metadata of an Ultralytics export stands for. Ultralytics prepares pictures for detectors by LetterBox, which
 * keeps the aspect ratio and fills with grey 114, and for classifiers by torchvision's Resize and CenterCrop, which shrink with
 * anti-aliasing; both divide by 255 (ultralytics/data/augment.py). RT-DETR alone stretches (ultralytics/models/rtdetr/predict.py).
 * Boxes are pixels in an .onnx. In a .tflite they are shares of the picture, but where a model with channels in front chooses boxes by
 * itself (ultralytics/utils/export/litert.py).
 */
import type { Ultralytics } from '../../formats/onnx/ultralytics.js';
import type { End, Ends, InputEnd } from '../../formats/tfjs/ends.js';
import type { Dim } from '../../manifest/signature.js';
import type { ImageOptions } from '../options.js';
import type { DetectorHint, Hints, OutputHint } from './hints.js';

/** @param file how messages name the model */
export function hintsOf(said: Ultralytics, { inputs, outputs }: Ends, file: string, format: 'onnx' | 'tflite' = 'onnx'): Hints {
  const [input, ...others] = inputs;
  const image = input !== undefined && others.length === 0 ? imageOf(said, input) : undefined;
  const output = outputs.find(({ shape }) => shape?.length === (said.task === 'classify' ? 2 : 3));
  const { description, version, license } = said;
  return {
    inputs: image === undefined || input === undefined ? {} : { [input.key]: { image } },
    outputs:
      output === undefined
        ? {}
        : { [output.key]: outputHint(said, output, format === 'tflite' && !(said.isEndToEnd && isChannelsFirst(input?.shape))) },
    ...(license !== undefined && { license }),
    ...(description !== undefined && { about: `${description}${version === undefined ? '' : `, by Ultralytics ${version}`}` }),
    ...{ source: `the metadata of ${file}`, warnings: said.problems },
  };
}

/** RT-DETR is known by the description alone. */
const isRtDetr = ({ description = '' }: Ultralytics): boolean => /rt-?detr/i.test(description);

const isChannels = (size: Dim | undefined): boolean => size === 1 || size === 3;

/** Pictures are [batch, channels, height, width], but in the .tflite files of older versions. */
const isChannelsFirst = (shape: readonly Dim[] | null | undefined): shape is readonly Dim[] =>
  isChannels(shape?.[1]) || !isChannels(shape?.[3]);

function imageOf(said: Ultralytics, { dtype, shape }: InputEnd): ImageOptions | undefined {
  const [batch, channels, height, width] = isChannelsFirst(shape) ? shape : [shape?.[0], shape?.[3], shape?.[1], shape?.[2]];
  const isPicture = shape?.length === 4 && (batch === null || batch === 1) && isChannels(channels);
  const isSized = said.size !== undefined || (typeof height === 'number' && typeof width === 'number');
  if (!isPicture || !isSized || dtype !== 'float32') return undefined;
  const size = { width: width ?? said.size?.width, height: height ?? said.size?.height } as Required<
    Pick<ImageOptions, 'width' | 'height'>
  >;
  const values = { scale: 1 / 255, offset: 0 };
  if (said.task === 'classify') return { ...size, fit: 'cover', filter: 'area', ...values };
  return isRtDetr(said) ? { ...size, fit: 'stretch', ...values } : { ...size, fit: 'contain', background: 114, ...values };
}

function outputHint(
  said: Ultralytics,
  { shape }: End & { readonly shape: readonly Dim[] | null | undefined },
  normalized: boolean,
): OutputHint {
  const { task, names, points, pointNames } = said;
  if (task === 'classify') return names !== undefined && names.length === shape?.at(-1) ? { labels: names, values: 'probabilities' } : {};
  const layouts =
    task === undefined
      ? (['yolov5', 'yolov8', 'yolov10'] as const)
      : isRtDetr(said)
        ? (['rtdetr'] as const)
        : (['yolov8', 'yolov10'] as const);
  const detector: DetectorHint = {
    task: task ?? 'detect',
    layouts,
    ...(names && { labels: names }),
    ...(normalized && { normalized }),
    ...(task === 'pose' && points && { points }),
    ...(task === 'pose' && pointNames?.length === points?.[0] && pointNames && { pointNames }),
  };
  return { detector };
}
