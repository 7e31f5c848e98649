"""PyTorch as a contestant: nn.RNN, nn.LSTM, nn.GRU; `--compile` under torch.compile.

Each row takes the fastest of the settings that a user could choose: oneDNN's kernels in PyTorch on or off, Adam fused,
foreach or plain, int8 by one of its engines, and for streaming a layer of one step, a cell module or a cell function.

torch.compile leaves nn.RNN, nn.LSTM and nn.GRU as they are (Dynamo breaks the graph at them); told to trace them, it
unrolls the time steps: for T = 10 a minute of compiling, and slower than eager. Streams are compiled as cells.
"""

import functools
import itertools
import sys
import warnings

import torch

import contestant
import row_data
from contestant import Job, Unsupported

LAYERS = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}
CELLS = {"rnn": torch.nn.RNNCell, "lstm": torch.nn.LSTMCell, "gru": torch.nn.GRUCell}
FUNCTIONS = {"rnn": torch.rnn_tanh_cell, "lstm": torch.lstm_cell, "gru": torch.gru_cell}
WEIGHTS = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]
STREAMED_STEPS = 64
COMPILED = "--compile" in sys.argv


def compiled(function):
    return torch.compile(function) if COMPILED else function


def load(module, tensors, ending=""):
    with torch.no_grad():
        for name in WEIGHTS:
            getattr(module, name + ending).copy_(tensors[name])
    return module


def layers_of(row):
    layers = LAYERS[row.cell](row.input, row.hidden, row.layers)
    for layer in range(row.layers):
        weights = {name: torch.from_numpy(array) for name, array in row_data.weights(row, layer).items()}
        load(layers, weights, f"_l{layer}")
    return layers


def zeros(row):
    shape = (row.layers, row.batch, row.hidden)
    return (torch.zeros(shape), torch.zeros(shape)) if row.cell == "lstm" else torch.zeros(shape)


def with_onednn(enabled, job, *arguments):
    """The job with PyTorch's use of oneDNN switched for the process, in which one job lives at a time."""
    torch.backends.mkldnn.enabled = enabled
    return job(*arguments)


class Sequence:
    """Layers, their input and the gradient of their outputs."""

    def __init__(self, row, tensors):
        self.net = layers_of(row)
        self.forward = compiled(self.net)
        self.x, self.d_y, self.initial = tensors["x"], tensors["d_y"], zeros(row)
        self.parameters = list(self.net.parameters())  # weights and biases, layer by layer, in the order of WEIGHTS

    def infer(self):
        return self.forward(self.x, self.initial)[0]

    def train(self):
        self.net.zero_grad(set_to_none=True)
        self.x.grad = None
        self.infer().backward(self.d_y)


def forward_job(row, tensors):
    layer = Sequence(row, tensors)
    layer.net.eval()

    @torch.inference_mode()
    def infer():
        return layer.infer()

    return Job(infer, lambda: [infer().numpy()])


def bfloat16_job(row, tensors):
    """In bfloat16 throughout, as PyTorch has it."""
    net, x = layers_of(row).bfloat16().eval(), tensors["x"]

    @torch.inference_mode()
    def infer():
        return net(x.bfloat16())[0].float()

    return Job(infer, lambda: [infer().numpy()])


def int8_job(engine, row, tensors):
    torch.backends.quantized.engine = engine
    warnings.simplefilter("ignore")  # torch.ao.quantization is deprecated
    kind = LAYERS[row.cell]
    net = torch.ao.quantization.quantize_dynamic(torch.nn.Sequential(layers_of(row)), {kind}, torch.qint8)[0]
    x = tensors["x"]

    @torch.inference_mode()
    def infer():
        return net(x)[0]

    return Job(infer, lambda: [infer().numpy()])


def train_job(row, tensors):
    layer = Sequence(row, tensors)
    layer.x.requires_grad_()

    def results():
        y = layer.infer().detach()
        layer.train()
        return [y.numpy(), layer.x.grad.numpy()] + [parameter.grad.numpy() for parameter in layer.parameters]

    return Job(layer.train, results)


def step_job(adam, row, tensors):
    def layer_and_step(learning_rate):
        layer = Sequence(row, tensors)
        layer.x = layer.x.detach().requires_grad_()
        optimizer = torch.optim.Adam(layer.parameters, lr=learning_rate, **adam)

        def step():
            layer.train()
            torch.nn.utils.clip_grad_norm_(layer.parameters, row_data.CLIP_NORM)
            optimizer.step()

        return layer, step

    def moves():  # of the weights, by a first step
        layer, step = layer_and_step(row_data.CHECKED_LEARNING_RATE)
        before = [parameter.detach().clone() for parameter in layer.parameters]
        step()
        return [(parameter.detach() - old).numpy() for parameter, old in zip(layer.parameters, before)]

    return Job(layer_and_step(row_data.TIMED_LEARNING_RATE)[1], moves)


def layer_step(row, tensors):
    layer = layers_of(row).eval()

    def step(x, state, weight, bias):
        y, state = layer(x, state)
        return torch.nn.functional.linear(y, weight, bias), state

    return step, (1, 1)


def module_step(row, tensors):
    cell = load(CELLS[row.cell](row.input, row.hidden), tensors).eval()

    def step(x, state, weight, bias):
        state = cell(x, state)
        return torch.nn.functional.linear(state[0] if row.cell == "lstm" else state, weight, bias), state

    return step, (1,)


def function_step(row, tensors):
    cell, weights = FUNCTIONS[row.cell], [tensors[name] for name in WEIGHTS]

    def step(x, state, weight, bias):
        state = cell(x, state, *weights)
        return torch.nn.functional.linear(state[0] if row.cell == "lstm" else state, weight, bias), state

    return step, (1,)


def stream_job(make_step, row, tensors):
    step, leading = make_step(row, tensors)
    step = compiled(step)
    weight, bias = tensors["dense_weight"], tensors["dense_bias"]
    xs = [x.reshape(*leading, row.input) for x in tensors["x"]]
    initial = [torch.zeros(*leading, row.hidden) for _ in range(2)]
    initial = tuple(initial) if row.cell == "lstm" else initial[0]
    current = initial

    @torch.inference_mode()
    def call():
        nonlocal current
        state = current
        for x in xs:
            _, state = step(x, state, weight, bias)
        current = state

    @torch.inference_mode()
    def outputs():
        state, results = initial, []
        for x in xs[:16]:
            y, state = step(x, state, weight, bias)
            results.append(y.numpy().copy())
        return results

    return Job(call, outputs, len(xs))


def variants(row):
    kind = row.kind.removesuffix("_fixed")
    if kind == "stream" and row.batch != 1:
        raise Unsupported("a stream takes one sample a step")
    if row.storage and COMPILED:
        raise Unsupported("fewer bits, which eager has")
    if row.storage == "bfloat16" and not torch.cpu.get_capabilities()["avx512_bf16"]:
        raise Unsupported("bf16, which this processor cannot")
    arrays = row_data.data(row, STREAMED_STEPS if kind == "stream" else None)
    tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
    if kind == "fwd":
        jobs = [forward_job]
    elif kind == "fwd_bfloat16":
        jobs = [bfloat16_job]
    elif kind == "fwd_int8":
        engines = [name for name in torch.backends.quantized.supported_engines if name != "none"]
        jobs = [functools.partial(int8_job, engine) for engine in engines]
    elif kind == "train":
        jobs = [train_job]
    elif kind == "step":
        settings = [{"fused": True}, {"foreach": True}, {"foreach": False}]
        jobs = [functools.partial(step_job, setting) for setting in settings]
    elif COMPILED:
        jobs = [functools.partial(stream_job, function_step)]
    else:
        jobs = [functools.partial(stream_job, step) for step in (layer_step, module_step, function_step)]
    torch.compiler.reset()
    onednn = [True] if COMPILED or kind == "fwd_int8" else [True, False]
    return [functools.partial(with_onednn, on, job, row, tensors) for on, job in itertools.product(onednn, jobs)]


if __name__ == "__main__":
    torch.set_num_threads(contestant.threads())
    torch.set_num_interop_threads(1)
    contestant.serve(("torch.compile " if COMPILED else "PyTorch ") + torch.__version__, variants)
