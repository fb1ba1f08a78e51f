"""Writes keras-3.jsonl: small models of Keras 3, one or more for each class, as HDF5 files hold them, with the answers of Keras itself.

A line is what tensorflowjs_converter would make of such a file: the model's config and its weights by name. keras-3-files.zip has some
of these models as Keras saves them, `.keras` and `.h5`, by the number of the line. Run it again for a newer Keras: `pip install
keras==3.15.1 jax h5py`, then `python test/keras/keras-3.py`.
"""
import json
import os
import tempfile
import zipfile

os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import h5py
import keras
import numpy as np
from keras import layers as L
from keras import ops

HERE = os.path.dirname(os.path.abspath(__file__))


def one(layer, *shapes, dtype="float32", values=None, **arguments):
    """A model of one layer, whose inputs are a list if there are several."""
    inputs = [keras.Input(shape, dtype=dtype, name=f"x{index}") for index, shape in enumerate(shapes)]
    given = inputs[0] if len(inputs) == 1 else inputs
    return keras.Model(inputs, layer(given, **arguments)), values


def separate(layer, *shapes, **arguments):
    """The same for a layer that takes its inputs one by one."""
    inputs = [keras.Input(shape, name=f"x{index}") for index, shape in enumerate(shapes)]
    return keras.Model(inputs, layer(*inputs, **arguments)), None


def stated(layer, shape, units, states):
    x = keras.Input(shape, name="x0")
    given = [keras.Input((units,), name=f"x{index + 1}") for index in range(states)]
    return keras.Model([x, *given], layer(x, initial_state=given)), None


def masked():
    q, v, m = keras.Input((3, 4), name="x0"), keras.Input((2, 4), name="x1"), keras.Input((3, 2), name="x2")
    return keras.Model([q, v, m], L.MultiHeadAttention(2, 3)(q, v, attention_mask=m)), [None, None, [[1, 0], [1, 1], [0, 1]]]


def weighed():
    x, w = keras.Input((3,), dtype="int32", name="x0"), keras.Input((3,), name="x1")
    return keras.Model([x, w], L.CategoryEncoding(4, output_mode="count")(x, count_weights=w)), [[1, 1, 3], None]


def reversible(**options):
    layer = L.ReversibleEmbedding(5, 3, **options)
    x, y = keras.Input((2,), dtype="int32", name="x0"), keras.Input((2, 3), name="x1")
    return keras.Model([x, y], [layer(x), layer(y, reverse=True)]), [[4, 1], None]


def operators():
    x = keras.Input((3,), name="x0")
    return keras.Model(x, ops.abs(2 - x) * x / (ops.exp(x) + 1)), None


def image(layer):
    return one(layer, (4, 6, 3))


COUNTS = [[1, 1, 3]]

MODELS = {
    "Activation": [one(L.Activation(name), (6,)) for name in (
        "relu relu6 leaky_relu elu celu selu sigmoid log_sigmoid hard_sigmoid sparse_sigmoid tanh hard_tanh tanh_shrink hard_shrink "
        "soft_shrink softplus sparse_plus squareplus softsign softmax log_softmax exponential silu swish hard_silu hard_swish mish gelu glu "
        "sparsemax linear").split()],
    "ReLU": [one(L.ReLU(max_value=2.0, negative_slope=0.1, threshold=0.5), (6,))],
    "LeakyReLU": [one(L.LeakyReLU(negative_slope=0.2), (6,)), one(L.Dense(3, activation=L.LeakyReLU(0.1)), (4,))],
    "ELU": [one(L.ELU(alpha=0.5), (6,))],
    "PReLU": [one(L.PReLU("normal", shared_axes=[1]), (3, 4))],
    "Softmax": [one(L.Softmax(axis=1), (3, 4)), one(L.Softmax(axis=[1, 2]), (3, 4))],
    "Dense": [one(L.Dense(3, activation="hard_sigmoid", bias_initializer="normal"), (2, 4))],
    "EinsumDense": [
        one(L.EinsumDense("abc,cd->abd", (None, 5), bias_axes="d", bias_initializer="normal"), (3, 4)),
        one(L.EinsumDense("...x,xy->...y", 5, activation="tanh"), (2, 3, 4)),
        one(L.EinsumDense("abc,bcde->abed", (3, 2, 5), bias_axes="bd", bias_initializer="normal"), (3, 4)),
        one(L.EinsumDense("ab...,bc->ac...", (5,), bias_axes="c", bias_initializer="normal"), (3, 4)),
    ],
    "Embedding": [one(L.Embedding(5, 3), (2,), dtype="int32", values=[[4, 1]])],
    "ReversibleEmbedding": [reversible(), reversible(tie_weights=False, logit_soft_cap=0.5)],
    "Identity": [one(L.Identity(), (3,))],
    "Flatten": [one(L.Flatten(), (2, 3)), one(L.Flatten(data_format="channels_first"), (2, 3, 2))],
    "Reshape": [one(L.Reshape((-1, 2)), (2, 3))],
    "Permute": [one(L.Permute((2, 1)), (2, 3))],
    "RepeatVector": [one(L.RepeatVector(3), (2,))],
    "Conv1D": [one(L.Conv1D(3, 2, padding="causal", dilation_rate=2, bias_initializer="normal"), (5, 2)), one(L.Conv1D(4, 2, strides=2, groups=2), (5, 2))],
    "Conv2D": [one(L.Conv2D(3, 3, strides=2, padding="same", activation="relu", bias_initializer="normal"), (5, 4, 2))],
    "Conv3D": [
        one(L.Conv3D(3, 2, bias_initializer="normal"), (3, 3, 3, 2)),
        one(L.Conv3D(4, (3, 2, 2), strides=(2, 1, 2), padding="same", groups=2, activation="tanh"), (4, 3, 3, 2)),
        one(L.Conv3D(2, 2, dilation_rate=(2, 1, 1)), (4, 3, 3, 1)),
    ],
    "Conv1DTranspose": [one(L.Conv1DTranspose(3, 3, strides=2, padding="same"), (4, 2))],
    "Conv2DTranspose": [one(L.Conv2DTranspose(3, 3, strides=2, bias_initializer="normal"), (3, 2, 2))],
    "DepthwiseConv1D": [one(L.DepthwiseConv1D(2, depth_multiplier=2, bias_initializer="normal"), (4, 2))],
    "DepthwiseConv2D": [one(L.DepthwiseConv2D(3, padding="same", bias_initializer="normal"), (4, 3, 2))],
    "SeparableConv1D": [one(L.SeparableConv1D(3, 2, bias_initializer="normal"), (4, 2))],
    "SeparableConv2D": [one(L.SeparableConv2D(3, 2, depth_multiplier=2, bias_initializer="normal"), (4, 3, 2))],
    "MaxPooling1D": [one(L.MaxPooling1D(2, strides=1, padding="same"), (5, 2))],
    "MaxPooling2D": [one(L.MaxPooling2D((2, 1)), (4, 3, 2))],
    "MaxPooling3D": [one(L.MaxPooling3D(2, strides=(1, 2, 1), padding="same"), (3, 4, 3, 2))],
    "AveragePooling1D": [one(L.AveragePooling1D(2), (5, 2))],
    "AveragePooling2D": [one(L.AveragePooling2D(2, strides=1, padding="same"), (4, 3, 2))],
    "AveragePooling3D": [one(L.AveragePooling3D(2, strides=1, padding="same"), (3, 4, 3, 2)), one(L.AveragePooling3D(2), (4, 4, 3, 1))],
    "GlobalMaxPooling1D": [one(L.GlobalMaxPooling1D(keepdims=True), (5, 2))],
    "GlobalMaxPooling2D": [one(L.GlobalMaxPooling2D(), (4, 3, 2))],
    "GlobalMaxPooling3D": [one(L.GlobalMaxPooling3D(), (2, 2, 3, 2))],
    "GlobalAveragePooling1D": [one(L.GlobalAveragePooling1D(), (5, 2))],
    "GlobalAveragePooling2D": [one(L.GlobalAveragePooling2D(keepdims=True), (4, 3, 2))],
    "GlobalAveragePooling3D": [one(L.GlobalAveragePooling3D(), (2, 2, 3, 2))],
    "AdaptiveMaxPooling1D": [one(L.AdaptiveMaxPooling1D(3), (5, 2))],
    "AdaptiveMaxPooling2D": [one(L.AdaptiveMaxPooling2D((3, 2)), (5, 4, 2))],
    "AdaptiveMaxPooling3D": [one(L.AdaptiveMaxPooling3D(2), (3, 4, 3, 1))],
    "AdaptiveAveragePooling1D": [one(L.AdaptiveAveragePooling1D(3), (5, 2))],
    "AdaptiveAveragePooling2D": [one(L.AdaptiveAveragePooling2D((3, 2)), (5, 4, 2))],
    "AdaptiveAveragePooling3D": [one(L.AdaptiveAveragePooling3D(2), (3, 4, 3, 1))],
    "ZeroPadding1D": [one(L.ZeroPadding1D((1, 2)), (3, 2))],
    "ZeroPadding2D": [one(L.ZeroPadding2D(((1, 0), (0, 2))), (2, 3, 2))],
    "ZeroPadding3D": [one(L.ZeroPadding3D(1), (2, 1, 2, 1))],
    "Cropping1D": [one(L.Cropping1D((1, 1)), (4, 2))],
    "Cropping2D": [one(L.Cropping2D(((1, 0), (0, 1))), (3, 3, 2))],
    "Cropping3D": [one(L.Cropping3D(1), (3, 3, 4, 1))],
    "UpSampling1D": [one(L.UpSampling1D(2), (3, 2))],
    "UpSampling2D": [one(L.UpSampling2D((2, 3), interpolation="bilinear"), (3, 2, 2)), one(L.UpSampling2D(2), (3, 2, 2))],
    "UpSampling3D": [one(L.UpSampling3D((2, 1, 3)), (2, 2, 2, 2))],
    "Add": [one(L.Add(), (2, 3), (2, 3), (2, 3))],
    "Subtract": [one(L.Subtract(), (3,), (3,))],
    "Multiply": [one(L.Multiply(), (2, 3), (2, 1))],
    "Average": [one(L.Average(), (3,), (3,), (3,))],
    "Maximum": [one(L.Maximum(), (3,), (3,))],
    "Minimum": [one(L.Minimum(), (3,), (3,))],
    "Concatenate": [one(L.Concatenate(axis=1), (2, 3), (1, 3))],
    "Dot": [one(L.Dot(axes=(2, 1), normalize=True), (2, 3), (3, 4)), one(L.Dot(axes=1), (3,), (3,))],
    "BatchNormalization": [one(L.BatchNormalization(moving_mean_initializer="normal", moving_variance_initializer="ones", beta_initializer="normal", gamma_initializer="normal"), (3, 4))],
    "LayerNormalization": [one(L.LayerNormalization(axis=[1, 2], beta_initializer="normal", gamma_initializer="normal"), (3, 4))],
    "GroupNormalization": [one(L.GroupNormalization(2, beta_initializer="normal", gamma_initializer="normal"), (3, 4))],
    "RMSNormalization": [one(L.RMSNormalization(), (3, 4))],
    "UnitNormalization": [one(L.UnitNormalization(axis=1), (3, 4)), one(L.UnitNormalization(), (2,), values=[[3e-9, 4e-9]])],
    "SpectralNormalization": [one(L.SpectralNormalization(L.Dense(3)), (4,)), one(L.SpectralNormalization(L.Conv2D(2, 2)), (3, 3, 1))],
    "Normalization": [
        one(L.Normalization(mean=[1.0, 2.0], variance=[4.0, 0.0]), (3, 2)),
        one(L.Normalization(mean=1.5, variance=4.0, invert=True), (3, 2)),
        one(L.Normalization(axis=[1, 2]), (3, 2)),
        one(L.Normalization(axis=None, mean=1.0, variance=9.0), (3, 2)),
    ],
    "Attention": [
        one(L.Attention(use_scale=True), (3, 4), (2, 4)),
        one(L.Attention(score_mode="concat", use_scale=True, dropout=0.1), (3, 4), (2, 4), (2, 4)),
        one(L.Attention(), (3, 4), (3, 4), use_causal_mask=True, return_attention_scores=True),
    ],
    "AdditiveAttention": [one(L.AdditiveAttention(), (3, 4), (2, 4)), one(L.AdditiveAttention(use_scale=False), (3, 4), (2, 4))],
    "MultiHeadAttention": [
        separate(L.MultiHeadAttention(2, 3, bias_initializer="normal"), (3, 4), (2, 5)),
        separate(L.MultiHeadAttention(2, 3, value_dim=4, output_shape=6, use_bias=False, dropout=0.1), (3, 4), (2, 5), (2, 6), return_attention_scores=True),
        separate(L.MultiHeadAttention(2, 3, use_gate=True, sliding_window=2), (4, 4), (4, 4), use_causal_mask=True),
        masked(),
    ],
    "GroupQueryAttention": [
        separate(L.GroupQueryAttention(3, 4, 2, bias_initializer="normal"), (3, 4), (3, 4), use_causal_mask=True),
        separate(L.GroupQueryAttention(3, 4, 2, use_gate=True, use_bias=False), (3, 4), (2, 4), (2, 4)),
    ],
    "SimpleRNN": [one(L.SimpleRNN(3, bias_initializer="normal"), (4, 2))],
    "LSTM": [one(L.LSTM(3, recurrent_activation="hard_sigmoid"), (4, 2)), stated(L.LSTM(3, return_state=True, return_sequences=True), (4, 2), 3, 2)],
    "GRU": [one(L.GRU(3, bias_initializer="normal"), (4, 2)), stated(L.GRU(3, reset_after=False, go_backwards=True), (4, 2), 3, 1)],
    "RNN": [
        one(L.RNN(L.SimpleRNNCell(3)), (4, 2)),
        one(L.RNN(L.LSTMCell(3), return_sequences=True), (4, 2)),
        one(L.RNN(L.GRUCell(3, bias_initializer="normal"), go_backwards=True, return_state=True), (4, 2)),
        one(L.RNN(L.StackedRNNCells([L.LSTMCell(3), L.GRUCell(2), L.LSTMCell(2)]), return_sequences=True), (4, 2)),
    ],
    "Bidirectional": [
        one(L.Bidirectional(L.LSTM(3)), (4, 2)),
        one(L.Bidirectional(L.GRU(3, return_sequences=True), merge_mode="sum"), (4, 2)),
        one(L.Bidirectional(L.SimpleRNN(3), backward_layer=L.SimpleRNN(3, activation="relu", go_backwards=True), merge_mode=None), (4, 2)),
        one(L.Bidirectional(L.RNN(L.LSTMCell(3))), (4, 2)),
    ],
    "TimeDistributed": [one(L.TimeDistributed(L.Dense(3)), (4, 2)), one(L.TimeDistributed(L.Conv2D(2, 2)), (2, 3, 3, 1))],
    "Rescaling": [one(L.Rescaling(2.0, offset=[1.0, 0.0]), (3, 2))],
    "Resizing": [
        one(L.Resizing(3, 8), (4, 5, 2)),
        one(L.Resizing(3, 8, interpolation="nearest"), (4, 5, 2)),
        one(L.Resizing(4, 4, crop_to_aspect_ratio=True), (5, 8, 1)),
    ],
    "CenterCrop": [one(L.CenterCrop(2, 3), (5, 4, 2)), one(L.CenterCrop(6, 3), (4, 8, 1))],
    "RandomCrop": [one(L.RandomCrop(2, 3), (4, 6, 2))],
    "CategoryEncoding": [
        one(L.CategoryEncoding(4, output_mode="one_hot"), (1,), dtype="int32", values=[[3]]),
        one(L.CategoryEncoding(4, output_mode="one_hot"), (2,), dtype="int32", values=[[3, 0]]),
        one(L.CategoryEncoding(4), (3,), dtype="int32", values=COUNTS),
        one(L.CategoryEncoding(4, output_mode="count"), (3,), dtype="int32", values=COUNTS),
        weighed(),
    ],
    "Discretization": [
        one(L.Discretization([-0.5, 0.0, 0.5]), (6,)),
        one(L.Discretization([-0.5, 0.5], output_mode="one_hot"), (1,)),
        one(L.Discretization([-0.5, 0.5], output_mode="count"), (5,)),
    ],
    "STFTSpectrogram": [one(L.STFTSpectrogram(mode=mode, frame_length=4, frame_step=2, fft_length=8), (12, 2)) for mode in ("log", "magnitude", "psd", "real", "angle", "stft")]
    + [one(L.STFTSpectrogram(mode="imag", frame_length=4, expand_dims=True, padding="same"), (9, 2))],
    "Dropout": [one(L.Dropout(0.5, noise_shape=(None, 1), seed=1), (3,))],
    "SpatialDropout1D": [one(L.SpatialDropout1D(0.5), (3, 2))],
    "SpatialDropout2D": [one(L.SpatialDropout2D(0.5), (3, 2, 1))],
    "SpatialDropout3D": [one(L.SpatialDropout3D(0.5), (2, 2, 2, 1))],
    "GaussianDropout": [one(L.GaussianDropout(0.5), (3,))],
    "GaussianNoise": [one(L.GaussianNoise(0.5), (3,))],
    "AlphaDropout": [one(L.AlphaDropout(0.5), (3,))],
    "ActivityRegularization": [one(L.ActivityRegularization(l1=0.1), (3,))],
    **{name: [image(getattr(L, name)(**options))] for name, options in {
        "RandomBrightness": {"factor": 0.2}, "RandomContrast": {"factor": 0.2}, "RandomFlip": {}, "RandomRotation": {"factor": 0.2},
        "RandomTranslation": {"height_factor": 0.2, "width_factor": 0.2}, "RandomZoom": {"height_factor": 0.2},
        "RandomColorDegeneration": {"factor": 0.5}, "RandomColorJitter": {}, "RandomElasticTransform": {}, "RandomErasing": {},
        "RandomGaussianBlur": {}, "RandomGrayscale": {}, "RandomHue": {"factor": 0.5}, "RandomInvert": {}, "RandomPerspective": {},
        "RandomPosterization": {"factor": 3}, "RandomSaturation": {"factor": 0.5}, "RandomSharpness": {"factor": 0.5}, "RandomShear": {},
        "AugMix": {}, "CutMix": {}, "MixUp": {}, "RandAugment": {}, "Solarization": {},
    }.items()},
    "operators": [operators()],
}


# The classes whose first model is kept as files, too: those with variables in layers of their own, and one each of the others.
FILES = (
    "Dense EinsumDense Embedding Conv2D SeparableConv2D BatchNormalization Normalization SpectralNormalization MultiHeadAttention "
    "GroupQueryAttention LSTM GRU RNN Bidirectional TimeDistributed Dropout").split()


def rounded(array):
    array = np.asarray(array)
    if array.dtype.kind in "iub":
        return array.reshape(-1).tolist()
    return [float(f"{value:.7g}") for value in array.astype("float64").reshape(-1)]


def written(model, values, random):
    for weight in model.weights:
        if weight.dtype == "float32" and "variance" not in weight.path and "seed" not in weight.path:
            weight.assign(np.round(random.normal(0, 0.5, weight.shape), 3))
    for layer in model.layers:
        if isinstance(layer, L.Normalization):
            # It computes with copies of its weights.
            layer.finalize_state()
    given = []
    for index, tensor in enumerate(model.inputs):
        value = values[index] if values is not None and len(values) == len(model.inputs) > 1 else values if values is not None else None
        shape = [1, *tensor.shape[1:]]
        given.append(np.asarray(value, tensor.dtype).reshape(shape) if value is not None else np.round(random.normal(0, 1, shape), 3).astype("float32"))
    outputs = keras.tree.flatten(model.predict(given if len(given) > 1 else given[0], verbose=0))
    path = os.path.join(tempfile.mkdtemp(), "model.h5")
    weights = []
    try:
        model.save(path)
    except TypeError:
        # HDF5 cannot hold some layers that change pictures; the archive's form of the config can, and they have no weights.
        with h5py.File(path, "w") as file:
            file.attrs["model_config"] = json.dumps(keras.saving.serialize_keras_object(model))
            file.create_group("model_weights").attrs["layer_names"] = []
    with h5py.File(path) as file:
        config = json.loads(file.attrs["model_config"])
        groups = file["model_weights"]
        for layer in groups.attrs["layer_names"]:
            for name in groups[layer].attrs["weight_names"]:
                array = np.asarray(groups[layer][name])
                if array.dtype.kind not in "f" and "seed" in str(name):
                    continue
                weights.append({"name": str(name), "dtype": "int32" if array.dtype.kind in "iu" else "float32", "shape": list(array.shape), "values": rounded(array)})
    return {
        "config": without_initializers(config),
        "weights": weights,
        "inputs": [{"shape": list(array.shape), "values": rounded(array)} for array in given],
        "outputs": [{"shape": list(np.shape(array)), "values": rounded(array)} for array in outputs],
    }


def without_initializers(value):
    """Leaves initializers out, which say nothing of a trained model, and are most of the text."""
    if isinstance(value, list):
        return [without_initializers(each) for each in value]
    if isinstance(value, dict):
        return {key: without_initializers(each) for key, each in value.items() if not key.endswith("_initializer")}
    return value


def main():
    random = np.random.RandomState(13)
    number = 0
    with open(os.path.join(HERE, "keras-3.jsonl"), "w") as file, zipfile.ZipFile(os.path.join(HERE, "keras-3-files.zip"), "w", zipfile.ZIP_DEFLATED, compresslevel=9) as kept:
        file.write(json.dumps({"keras": keras.__version__}) + "\n")
        for kind, models in MODELS.items():
            for index, model in enumerate(models):
                file.write(json.dumps({"kind": kind, **written(*model, random)}) + "\n")
                # Of cells, the stacked ones are kept.
                if kind in FILES and index == (len(models) - 1 if kind == "RNN" else 0):
                    keep(kept, number, model[0])
                number += 1


def keep(kept, number, model):
    for ending in (".keras", ".h5"):
        path = os.path.join(tempfile.mkdtemp(), "model" + ending)
        model.save(path)
        kept.write(path, f"{number}{ending}")


main()
