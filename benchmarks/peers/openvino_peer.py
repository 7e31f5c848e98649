"""OpenVINO as a contestant: the ONNX model compiled for latency, in float, its tensors set once.

In bf16 it is asked to compute so. In int8 NNCF quantizes weights and inputs, for its compress_weights leaves an LSTM as
it is; OpenVINO takes the result only where the weights were constants before.
"""

import logging

import openvino
from openvino.passes import ConstantFolding, Manager

import contestant
import onnx_rows
import row_data
from contestant import Job, Unsupported

CORE = openvino.Core()
# Without the precision it would run in bf16 where the processor can.
SETTINGS = {
    "PERFORMANCE_HINT": "LATENCY",
    "INFERENCE_NUM_THREADS": contestant.threads(),
    "NUM_STREAMS": 1,
    "INFERENCE_PRECISION_HINT": "f32",
    "ENABLE_CPU_PINNING": contestant.threads() > 1,  # compare.py has pinned the process
}


def quantized(model, x):
    try:
        import nncf
    except ImportError as reason:
        raise Unsupported(f"int8 without NNCF: {reason}") from None
    nncf.set_log_level(logging.ERROR)
    folding = Manager()
    folding.register_pass(ConstantFolding())
    folding.run_passes(model)
    return nncf.quantize(model, nncf.Dataset([x]), subset_size=1)


def job(row):
    x = row_data.data(row)["x"]
    model, settings = CORE.read_model(onnx_rows.sequence(row)), SETTINGS
    if row.storage == "bfloat16":
        settings = SETTINGS | {"INFERENCE_PRECISION_HINT": "bf16"}
    elif row.storage == "int8":
        model = quantized(model, x)
    request = CORE.compile_model(model, "CPU", settings).create_infer_request()
    request.set_input_tensor(openvino.Tensor(x, shared_memory=True))

    def call(keep=x):
        request.start_async()  # infer() would copy the outputs into new arrays
        request.wait()

    def outputs():
        call()
        return [request.get_output_tensor().data.copy()]

    return Job(call, outputs)


def variants(row):
    if not row.kind.startswith("fwd"):
        raise Unsupported("inference of sequences alone")
    if row.storage == "bfloat16" and "BF16" not in CORE.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        raise Unsupported("bf16, which this processor cannot")
    if row.storage == "int8" and row.cell != "lstm":
        raise Unsupported("int8 of a cell that NNCF leaves in float")
    return [lambda: job(row)]


if __name__ == "__main__":
    contestant.serve("OpenVINO " + openvino.__version__.split("-")[0], variants)
