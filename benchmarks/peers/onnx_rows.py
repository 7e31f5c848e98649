"""The rows as ONNX models, for the peers that run such files."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

import row_data

OPERATORS = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}
GATES = {"rnn": [0], "lstm": [0, 3, 1, 2], "gru": [1, 0, 2]}  # i o f c of i f g o, z r h of r z n


def recurrent(row, inputs, outputs, layer=0):
    """The recurrent node of a layer and its weights."""
    tensors = row_data.weights(row, layer)

    def ordered(name):
        blocks = np.split(tensors[name], len(GATES[row.cell]))
        return np.concatenate([blocks[gate] for gate in GATES[row.cell]])

    weights = {
        f"W{layer}": ordered("weight_ih")[None],
        f"R{layer}": ordered("weight_hh")[None],
        f"B{layer}": np.concatenate([ordered("bias_ih"), ordered("bias_hh")])[None],
    }
    attributes = {"linear_before_reset": 1} if row.cell == "gru" else {}
    x, *states = inputs
    node = helper.make_node(
        OPERATORS[row.cell], [x, *weights, *states], outputs, hidden_size=row.hidden, **attributes
    )
    return node, [numpy_helper.from_array(array, name) for name, array in weights.items()]


def bytes_of(nodes, inputs, outputs, weights):
    def values(shapes):
        return [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]

    graph = helper.make_graph(nodes, "row", values(inputs), values(outputs), weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    return model.SerializeToString()


def sequence(row):
    """x (T, B, I) to y (T, 1, B, H), from a zero state."""
    nodes, weights, below = [], [numpy_helper.from_array(np.array([1]), "direction")], "x"
    for layer in range(row.layers):
        top = layer + 1 == row.layers
        node, of_layer = recurrent(row, [below], ["y" if top else f"y{layer}"], layer)
        nodes.append(node)
        weights += of_layer
        if not top:
            below = f"x{layer + 1}"
            nodes.append(helper.make_node("Squeeze", [f"y{layer}", "direction"], [below]))
    x, y = [row.steps, row.batch, row.input], [row.steps, 1, row.batch, row.hidden]
    return bytes_of(nodes, {"x": x}, {"y": y}, weights)


def stream_step(row):
    """x (1, 1, I) and the states h, c (1, 1, H) to y (1, 1, 1) and the states h_next, c_next."""
    tensors = row_data.data(row, 1)
    states = ["h", "c"] if row.cell == "lstm" else ["h"]
    before = ["x", "", *states]  # no lengths
    node, weights = recurrent(row, before, ["", *(state + "_next" for state in states)])
    weights += [
        numpy_helper.from_array(np.ascontiguousarray(tensors["dense_weight"].T), "dense_weight"),
        numpy_helper.from_array(tensors["dense_bias"], "dense_bias"),
    ]
    head = [
        helper.make_node("MatMul", ["h_next", "dense_weight"], ["product"]),
        helper.make_node("Add", ["product", "dense_bias"], ["y"]),
    ]
    state_shape = [1, 1, row.hidden]
    return bytes_of(
        [node, *head],
        {"x": [1, 1, row.input], **{state: state_shape for state in states}},
        {"y": [1, 1, 1], **{state + "_next": state_shape for state in states}},
        weights,
    )
