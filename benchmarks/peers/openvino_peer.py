"""OpenVINO as a contestant: the ONNX model compiled for latency, in float, its tensors set once."""

import openvino

import contestant
import onnx_model
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


def job(row):
    request = CORE.compile_model(CORE.read_model(onnx_model.sequence(row)), "CPU", SETTINGS).create_infer_request()
    x = row_data.data(row)["x"]
    request.set_input_tensor(openvino.Tensor(x, shared_memory=True))

    def call(keep=x):
        request.start_async()  # infer() would copy the outputs into new arrays
        request.wait()

    def outputs():
        call()
        return [request.get_output_tensor().data.copy()]

    return Job(call, outputs)


def variants(row):
    if row.kind != "fwd":
        raise Unsupported("inference of sequences alone")
    return [lambda: job(row)]


if __name__ == "__main__":
    contestant.serve("OpenVINO " + openvino.__version__.split("-")[0], variants)
