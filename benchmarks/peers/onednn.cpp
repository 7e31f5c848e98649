// oneDNN's RNN primitives as a contestant: vanilla_rnn, lstm and lbr_gru in float.
//
// fwd: forward_inference with the weights reordered to the primitive's own layout beforehand. train: forward_training
// and backward; the weights are reordered from plain to the layouts of both, and their gradients back to plain, inside
// the timed part, because an update of the weights forces it.
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <oneapi/dnnl/dnnl.hpp>
#include <string>

#include "protocol.hpp"

namespace {

using namespace dnnl;
using bench::Data;
using bench::Row;
using Tag = memory::format_tag;
using Dims = memory::dims;

memory::desc desc(const Dims& dims, Tag tag) { return {dims, memory::data_type::f32, tag}; }

/// PyTorch's gate of each of oneDNN's: i f g o are i f c~ o; u r o are z r n. -1: none of this bias.
struct Gates {
  std::vector<int> weights, bias_ih, bias_hh;
};
Gates gates_of(const std::string& cell) {
  if (cell == "rnn") return {{0}, {0}, {0}};
  if (cell == "lstm") return {{0, 1, 2, 3}, {0, 1, 2, 3}, {0, 1, 2, 3}};
  return {{1, 0, 2}, {1, 0, 2, -1}, {1, 0, -1, 2}};
}

/// One layer's primitives; L and D of oneDNN's layouts are 1.
template <class Forward, class Backward>
class Layer {
 public:
  Layer(const Row& row, bool training)
      : row_(row),
        training_(training),
        gates_(gates_of(row.cell)),
        bias_gates_(static_cast<memory::dim>(gates_.bias_ih.size())),
        G_(static_cast<memory::dim>(gates_.weights.size())) {
    const Dims x{row.steps, row.batch, row.input}, y{row.steps, row.batch, row.hidden};
    const Dims w_layer{1, 1, row.input, G_, row.hidden}, w_iter{1, 1, row.hidden, G_, row.hidden};
    const memory::desc x_desc = desc(x, Tag::tnc), y_desc = desc(y, Tag::tnc);
    const memory::desc b_desc = desc({1, 1, bias_gates_, row.hidden}, Tag::ldgo);
    const memory::desc any_layer = desc(w_layer, Tag::any), any_iter = desc(w_iter, Tag::any), none;

    // Zeros, for h and c: without an initial state oneDNN 3.2 gives a wrong gradient of the recurrent weights.
    initial_ = make(desc({1, 1, row.batch, row.hidden}, Tag::ldnc));
    copy(std::vector<float>(static_cast<std::size_t>(row.batch * row.hidden)), initial_);
    forward_desc_ = forward_desc(training ? prop_kind::forward_training : prop_kind::forward_inference, x_desc,
                                 any_layer, any_iter, b_desc, y_desc);
    forward_ = Forward(forward_desc_);
    x_ = make(x_desc);
    y_ = make(forward_desc_.dst_layer_desc());
    bias_ = make(b_desc);
    plain_layer_ = make(desc(w_layer, Tag::ldigo));
    plain_iter_ = make(desc(w_iter, Tag::ldigo));
    fill();
    layer_ = ordered(plain_layer_, forward_desc_.weights_layer_desc());
    iter_ = ordered(plain_iter_, forward_desc_.weights_iter_desc());
    arguments_ = {{DNNL_ARG_SRC_LAYER, x_},         {DNNL_ARG_SRC_ITER, initial_},  {DNNL_ARG_SRC_ITER_C, initial_},
                  {DNNL_ARG_WEIGHTS_LAYER, layer_}, {DNNL_ARG_WEIGHTS_ITER, iter_}, {DNNL_ARG_BIAS, bias_},
                  {DNNL_ARG_DST_LAYER, y_}};
    reorder_weights();
    if (training) prepare_backward(x_desc, any_layer, any_iter, b_desc, y_desc);
    stream_.wait();
  }

  void infer() {
    forward_.execute(stream_, arguments_);
    stream_.wait();
  }

  void train() {
    reorder_weights();
    forward_.execute(stream_, arguments_);
    reorder(plain_layer_, back_layer_);
    reorder(plain_iter_, back_iter_);
    for (const memory* d : {&d_layer_, &d_iter_, &d_bias_})  // the primitive adds to them
      std::memset(d->get_data_handle(), 0, d->get_desc().get_size());
    backward_.execute(stream_, backward_arguments_);
    reorder(d_layer_, plain_d_layer_);
    reorder(d_iter_, plain_d_iter_);
    stream_.wait();
  }

  std::vector<float> results() {
    std::vector<float> to;
    append(y_, to);
    if (!training_) return to;
    append(d_x_, to);
    append_weights(plain_d_layer_, row_.input, to);
    append_weights(plain_d_iter_, row_.hidden, to);
    append_bias(gates_.bias_ih, to);
    append_bias(gates_.bias_hh, to);
    return to;
  }

 private:
  typename Forward::primitive_desc forward_desc(prop_kind kind, const memory::desc& x, const memory::desc& w_layer,
                                                const memory::desc& w_iter, const memory::desc& bias,
                                                const memory::desc& y) {
    const memory::desc none, h = initial_.get_desc();
    const auto direction = rnn_direction::unidirectional_left2right;
    if constexpr (std::is_same_v<Forward, lstm_forward>)
      return {engine_, kind, direction, x, h, h, w_layer, w_iter, bias, y, none, none};
    else if constexpr (std::is_same_v<Forward, vanilla_rnn_forward>)
      return {engine_, kind, algorithm::eltwise_tanh, direction, x, h, w_layer, w_iter, bias, y, none};
    else
      return {engine_, kind, direction, x, h, w_layer, w_iter, bias, y, none};
  }

  typename Backward::primitive_desc backward_desc(const memory::desc& x, const memory::desc& w_layer,
                                                  const memory::desc& w_iter, const memory::desc& bias,
                                                  const memory::desc& y) {
    const memory::desc none, h = initial_.get_desc();
    const auto direction = rnn_direction::unidirectional_left2right;
    const auto kind = prop_kind::backward;
    const auto& f = forward_desc_;
    if constexpr (std::is_same_v<Forward, lstm_forward>)
      return {engine_, kind, direction, x, h,       h,      w_layer, w_iter, bias, y,    none,
              none,    x,    h,         h, w_layer, w_iter, bias,    y,      none, none, f};
    else if constexpr (std::is_same_v<Forward, vanilla_rnn_forward>)
      return {engine_,   kind,    algorithm::eltwise_tanh,
              direction, x,       h,
              w_layer,   w_iter,  bias,
              y,         none,    x,
              h,         w_layer, w_iter,
              bias,      y,       none,
              f};
    else
      return {engine_, kind, direction, x, h, w_layer, w_iter, bias, y, none, x, h, w_layer, w_iter, bias, y, none, f};
  }

  void prepare_backward(const memory::desc& x, const memory::desc& w_layer, const memory::desc& w_iter,
                        const memory::desc& bias, const memory::desc& y) {
    const auto found = backward_desc(x, w_layer, w_iter, bias, y);
    backward_ = Backward(found);
    back_layer_ = ordered(plain_layer_, found.weights_layer_desc());
    back_iter_ = ordered(plain_iter_, found.weights_iter_desc());
    d_x_ = make(found.diff_src_layer_desc());
    d_layer_ = make(found.diff_weights_layer_desc());
    d_iter_ = make(found.diff_weights_iter_desc());
    d_bias_ = make(found.diff_bias_desc());
    plain_d_layer_ = ordered(d_layer_, plain_layer_.get_desc());
    plain_d_iter_ = ordered(d_iter_, plain_iter_.get_desc());
    d_y_ = make(found.diff_dst_layer_desc());
    copy(bench::numbers(bench::Tensor::d_y, row_.columns() * static_cast<std::size_t>(row_.hidden)), d_y_);
    const memory workspace = make(forward_desc_.workspace_desc());
    arguments_.insert({DNNL_ARG_WORKSPACE, workspace});
    backward_arguments_ = arguments_;
    backward_arguments_[DNNL_ARG_WEIGHTS_LAYER] = back_layer_;
    backward_arguments_[DNNL_ARG_WEIGHTS_ITER] = back_iter_;
    backward_arguments_.insert({{DNNL_ARG_DIFF_SRC_LAYER, d_x_},
                                {DNNL_ARG_DIFF_SRC_ITER, make(initial_.get_desc())},
                                {DNNL_ARG_DIFF_SRC_ITER_C, make(initial_.get_desc())},
                                {DNNL_ARG_DIFF_WEIGHTS_LAYER, d_layer_},
                                {DNNL_ARG_DIFF_WEIGHTS_ITER, d_iter_},
                                {DNNL_ARG_DIFF_BIAS, d_bias_},
                                {DNNL_ARG_DIFF_DST_LAYER, d_y_}});
  }

  memory make(const memory::desc& of) { return memory(of, engine_); }
  /// The memory itself where it has the wanted layout, else another one to reorder to.
  memory ordered(const memory& plain, const memory::desc& wanted) {
    return plain.get_desc() == wanted ? plain : make(wanted);
  }
  void reorder_weights() {
    reorder(plain_layer_, layer_);
    reorder(plain_iter_, iter_);
  }
  void reorder(memory& from, memory& to) {
    if (from.get() == to.get()) return;
    auto found = reorders_.find({from.get(), to.get()});
    if (found == reorders_.end()) found = reorders_.emplace(Pair{from.get(), to.get()}, dnnl::reorder(from, to)).first;
    found->second.execute(stream_, from, to);
  }

  static float* floats(const memory& of) { return static_cast<float*>(of.get_data_handle()); }
  static void copy(const std::vector<float>& from, const memory& to) {
    std::copy(from.begin(), from.end(), floats(to));
  }
  static void append(const memory& from, std::vector<float>& to) {
    to.insert(to.end(), floats(from), floats(from) + from.get_desc().get_size() / sizeof(float));
  }

  /// Where PyTorch's weight (gate, unit, k) is in the plain layout (k, gate, unit); f(place there, place at PyTorch).
  template <class F>
  void for_each_weight(memory::dim depth, F f) const {
    for (memory::dim k = 0; k < depth; ++k)
      for (memory::dim gate = 0; gate < G_; ++gate)
        for (memory::dim unit = 0; unit < row_.hidden; ++unit)
          f((k * G_ + gate) * row_.hidden + unit,
            (gates_.weights[static_cast<std::size_t>(gate)] * row_.hidden + unit) * depth + k);
  }

  void fill() {
    const Data data(row_);
    copy(data.x, x_);
    for_each_weight(row_.input, [&](auto here, auto there) {
      floats(plain_layer_)[here] = data.weight_ih[static_cast<std::size_t>(there)];
    });
    for_each_weight(row_.hidden, [&](auto here, auto there) {
      floats(plain_iter_)[here] = data.weight_hh[static_cast<std::size_t>(there)];
    });
    for (memory::dim gate = 0; gate < bias_gates_; ++gate)
      for (memory::dim unit = 0; unit < row_.hidden; ++unit) {
        const auto at = [&](const std::vector<int>& gates, const std::vector<float>& from) {
          const int theirs = gates[static_cast<std::size_t>(gate)];
          return theirs < 0 ? 0 : from[static_cast<std::size_t>(theirs * row_.hidden + unit)];
        };
        floats(bias_)[gate * row_.hidden + unit] = at(gates_.bias_ih, data.bias_ih) + at(gates_.bias_hh, data.bias_hh);
      }
  }

  void append_weights(const memory& from, memory::dim depth, std::vector<float>& to) const {
    const std::size_t start = to.size();
    to.resize(start + static_cast<std::size_t>(G_ * row_.hidden * depth));
    for_each_weight(depth,
                    [&](auto here, auto there) { to[start + static_cast<std::size_t>(there)] = floats(from)[here]; });
  }
  void append_bias(const std::vector<int>& gates, std::vector<float>& to) const {
    const std::size_t start = to.size(), H = static_cast<std::size_t>(row_.hidden);
    to.resize(start + static_cast<std::size_t>(G_) * H);
    for (std::size_t gate = 0; gate < gates.size(); ++gate)
      if (gates[gate] >= 0)
        std::copy_n(floats(d_bias_) + gate * H, H, to.data() + start + static_cast<std::size_t>(gates[gate]) * H);
  }

  Row row_;
  bool training_;
  Gates gates_;
  memory::dim bias_gates_;
  memory::dim G_;
  engine engine_{engine::kind::cpu, 0};
  stream stream_{engine_};
  typename Forward::primitive_desc forward_desc_;
  Forward forward_;
  Backward backward_;
  memory initial_, x_, y_, bias_, plain_layer_, plain_iter_, layer_, iter_, back_layer_, back_iter_;
  memory d_x_, d_layer_, d_iter_, d_bias_, plain_d_layer_, plain_d_iter_, d_y_;
  std::unordered_map<int, memory> arguments_, backward_arguments_;
  using Pair = std::pair<dnnl_memory_t, dnnl_memory_t>;
  std::map<Pair, dnnl::reorder> reorders_;
};

template <class Forward, class Backward>
bench::Job job(const Row& row) {
  if (row.kind != "fwd" && row.kind != "train") throw bench::Unsupported("fwd and train alone");
  if (row.layers > 1) throw bench::Unsupported("one layer alone");
  const bool training = row.kind == "train";
  const auto layer = std::make_shared<Layer<Forward, Backward>>(row, training);
  const auto call = [layer, training] { training ? layer->train() : layer->infer(); };
  return {call, [layer, call] {
            call();
            return layer->results();
          }};
}

bench::Job prepare(const Row& row) {
  if (row.cell == "rnn") return job<vanilla_rnn_forward, vanilla_rnn_backward>(row);
  if (row.cell == "lstm") return job<lstm_forward, lstm_backward>(row);
  return job<lbr_gru_forward, lbr_gru_backward>(row);
}

}  // namespace

int main() {
  const dnnl_version_t* version = dnnl_version();
  bench::Server server;
  server.prepare = prepare;
  return server.serve("oneDNN " + std::to_string(version->major) + "." + std::to_string(version->minor) + "." +
                      std::to_string(version->patch));
}
