"""ONNX Runtime as a contestant: inputs and outputs bound once, so that nothing is copied or allocated a call."""

import functools
import logging
import os
import pathlib
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnxruntime.quantization import quantize_dynamic

import contestant
import onnx_rows
import row_data
from contestant import Job, Unsupported

STREAMED_STEPS = 64

CPUS = sorted(os.sched_getaffinity(0))
os.sched_setaffinity(0, CPUS[:1])  # this thread works too; the others are the session's


def session_of(model):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = contestant.threads()
    options.inter_op_num_threads = 1
    if contestant.threads() > 1:
        affinities = ";".join(str(cpu + 1) for cpu in CPUS[1:])  # it counts from 1
        options.add_session_config_entry("session.intra_op_thread_affinities", affinities)
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def value(array):
    """Shares the array's memory."""
    return onnxruntime.OrtValue.ortvalue_from_numpy(array)


def quantized(model):
    """The model with its LSTM as a DynamicQuantizeLSTM. Its products of bytes saturate on processors without VNNI; for
    these ONNX Runtime's documentation asks for weights of 7 bits."""
    logging.disable(logging.WARNING)  # that it was not preprocessed
    saturates = "vnni" not in pathlib.Path("/proc/cpuinfo").read_text()
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "quantized.onnx")
        quantize_dynamic(onnx.load_from_string(model), file, reduce_range=saturates)
        return file.read_bytes()


def forward_job(row):
    model = onnx_rows.sequence(row)
    session = session_of(quantized(model) if row.storage else model)
    x = row_data.data(row)["x"]
    y = np.zeros((row.steps, 1, row.batch, row.hidden), np.float32)
    values = value(x), value(y)
    binding = session.io_binding()
    binding.bind_ortvalue_input("x", values[0])
    binding.bind_ortvalue_output("y", values[1])

    def call(keep=(x, y, values)):
        session.run_with_iobinding(binding)

    def outputs():
        call()
        return [y]

    return Job(call, outputs)


def stream_job(row):
    session = session_of(onnx_rows.stream_step(row))
    xs = list(row_data.data(row, STREAMED_STEPS)["x"].reshape(STREAMED_STEPS, 1, 1, row.input))
    states = ["h", "c"] if row.cell == "lstm" else ["h"]
    x, y = np.zeros((1, 1, row.input), np.float32), np.zeros((1, 1, 1), np.float32)
    # Two sets of states: each step reads one and writes the other.
    sets = [{state: np.zeros((1, 1, row.hidden), np.float32) for state in states} for _ in range(2)]
    values = [{state: value(array) for state, array in arrays.items()} for arrays in sets]
    x_value, y_value = value(x), value(y)
    bindings = []
    for read, write in ((0, 1), (1, 0)):
        binding = session.io_binding()
        binding.bind_ortvalue_input("x", x_value)
        binding.bind_ortvalue_output("y", y_value)
        for state in states:
            binding.bind_ortvalue_input(state, values[read][state])
            binding.bind_ortvalue_output(state + "_next", values[write][state])
        bindings.append(binding)
    steps = [(array, bindings[t % 2]) for t, array in enumerate(xs)]

    def call():
        for array, binding in steps:
            x[...] = array
            session.run_with_iobinding(binding)

    def outputs():
        for array in sets[0].values():
            array[...] = 0
        results = []
        for array, binding in steps[:16]:
            x[...] = array
            session.run_with_iobinding(binding)
            results.append(y.copy())
        return results

    return Job(call, outputs, len(steps))


def variants(row):
    if row.kind == "fwd" or (row.kind == "fwd_int8" and row.cell == "lstm"):
        return [functools.partial(forward_job, row)]
    if row.kind.removesuffix("_fixed") == "stream" and row.batch == 1:
        return [functools.partial(stream_job, row)]
    raise Unsupported("inference alone, streams of one sample, int8 of lstm")


if __name__ == "__main__":
    contestant.serve("ONNX Runtime " + onnxruntime.__version__, variants)
