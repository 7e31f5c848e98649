#pragma once

#include <algorithm>
#include <cmath>
#include <locale>
#include <ostream>
#include <sstream>
#include <string_view>

#include "unroll/io/write_file.hpp"
#include "unroll/layers/activation.hpp"
#include "unroll/layers/bidirectional.hpp"
#include "unroll/layers/branches.hpp"
#include "unroll/layers/chain.hpp"
#include "unroll/layers/conv1d.hpp"
#include "unroll/layers/dense.hpp"
#include "unroll/layers/dropout.hpp"
#include "unroll/layers/embedding.hpp"
#include "unroll/layers/layer_norm_lstm.hpp"
#include "unroll/layers/parallel.hpp"
#include "unroll/layers/projected_lstm.hpp"
#include "unroll/layers/recurrent_layers.hpp"
#include "unroll/layers/residual.hpp"

namespace unroll::inline UNROLL_TARGET {

namespace detail {

template <class Cell, class... Own>
inline constexpr bool is_one_of = (std::is_same_v<Cell, Own> || ...);

/// A layer as C++ text: its type with sizes at compile time, and an expression that makes it of zeros. Both are empty
/// for layers that do nothing at inference.
struct CppLayer {
  std::string type;
  std::string zeros;
};

template <class Scalar>
constexpr const char* cpp_scalar() {
  static_assert(std::is_same_v<Scalar, float> || std::is_same_v<Scalar, double>, "a header holds float or double");
  return std::is_same_v<Scalar, float> ? "float" : "double";
}

inline std::string cpp_unrolling(const Unrolling& how) {
  std::ostringstream zoneout;
  zoneout.imbue(std::locale::classic());
  if (how.zones_out()) zoneout << std::hexfloat << ", 0, " << how.zoneout << ", " << how.zoneout_cell_state;
  const char* readouts[] = {"all", "last", "mean"};
  return text("{unroll::Direction::", how.direction == Direction::forward ? "forward" : "reverse",
              ", unroll::Readout::", readouts[static_cast<int>(how.readout)], zoneout.str(), "}");
}

/// What the type of a layer of this cell begins with.
template <class Cell>
struct CppLayerOf {
  static_assert(is_one_of<Cell, cells::Rnn, cells::ReluRnn, cells::Lstm, cells::Gru, cells::OriginalGru,
                          cells::PeepholeLstm, cells::MinGru, cells::MinLstm>,
                "export_header knows the library's own cells");
  static std::string text() { return detail::text("unroll::", Cell::name, "<"); }
};
template <class Cell, int digits>
struct CppLayerOf<cells::Approximate<Cell, digits>> : CppLayerOf<Cell> {
  static std::string text() {
    return detail::text("unroll::Recurrent<unroll::cells::Approximate<unroll::cells::", Cell::name, ", ", digits,
                        ">, ");
  }
};
template <class Cell, class Scalar, int Inputs, int H>
CppLayer cpp_layer(const Recurrent<Cell, Scalar, Inputs, H>& layer) {
  const std::string type =
      text(CppLayerOf<Cell>::text(), cpp_scalar<Scalar>(), ", ", layer.input_size(), ", ", layer.hidden_size(), ">");
  return {type, text(type, "::zeros(", cpp_unrolling(layer.unrolling), ")")};
}

template <class Scalar, int Inputs, int O>
CppLayer cpp_layer(const ProjectedLstm<Scalar, Inputs, O>& layer) {
  const std::string type = text("unroll::ProjectedLstm<", cpp_scalar<Scalar>(), ">");
  return {type, text(type, "::zeros(", layer.input_size(), ", ", layer.hidden_size(), ", ", layer.output_size(), ", ",
                     cpp_unrolling(layer.unrolling), ")")};
}

template <class Scalar, int Inputs, int H>
CppLayer cpp_layer(const LayerNormLstm<Scalar, Inputs, H>& layer) {
  const std::string type = text("unroll::LayerNormLstm<", cpp_scalar<Scalar>(), ">");
  return {type, text(type, "::zeros(", layer.input_size(), ", ", layer.hidden_size(), ", ",
                     cpp_unrolling(layer.unrolling), ")")};
}

template <class Scalar, int Inputs, int O>
CppLayer cpp_layer(const Dense<Scalar, Inputs, O>& layer) {
  const std::string sizes = text(layer.input_size(), ", ", layer.output_size());
  const std::string type = text("unroll::Dense<", cpp_scalar<Scalar>(), ", ", sizes, ">");
  return {type, text(type, "::zeros(", sizes, ")")};
}

template <class Scalar>
CppLayer cpp_layer(const Conv1d<Scalar>& layer) {
  const std::string type = text("unroll::Conv1d<", cpp_scalar<Scalar>(), ">");
  return {type, text(type, "::zeros(", layer.input_size(), ", ", layer.output_size(), ", ", layer.kernel_size(), ", {",
                     layer.dilation(), ", ", layer.groups(), "})")};
}

template <class Scalar>
CppLayer cpp_layer(const Embedding<Scalar>& layer) {
  const std::string type = text("unroll::Embedding<", cpp_scalar<Scalar>(), ">");
  return {type, text(type, "::zeros(", layer.tokens(), ", ", layer.output_size(), ")")};
}

template <class Function, class Scalar>
CppLayer cpp_layer(const Activation<Function, Scalar>& layer) {
  static_assert(is_one_of<Function, activations::Tanh, activations::Sigmoid, activations::Relu, activations::LeakyRelu,
                          activations::Elu, activations::Softplus, activations::HardSigmoid>,
                "export_header knows the library's own activations");
  const std::string type = text("unroll::", layer.name(), "<", cpp_scalar<Scalar>(), ">");
  std::string options;
  layer.each_option([&](const char*, double option) { options = "{" + shortest_text(option) + "}"; });
  return {type, text(type, "(", options, ")")};
}

template <class Scalar>
CppLayer cpp_layer(const Softmax<Scalar>&) {
  const std::string type = text("unroll::Softmax<", cpp_scalar<Scalar>(), ">");
  return {type, type + "()"};
}

template <class Scalar>
CppLayer cpp_layer(const Prelu<Scalar>& layer) {
  const std::string type = text("unroll::Prelu<", cpp_scalar<Scalar>(), ">");
  return {type, text(type, "(", layer.weight.size(), ")")};
}

template <class Scalar>
CppLayer cpp_layer(const Dropout<Scalar>&) {
  return {};
}

// For layers made of layers, which may hold one another.
template <class L>
CppLayer cpp_layer(const Residual<L>& layer);
template <class... Layers>
CppLayer cpp_layer(const Branches<Layers...>& layer);
template <class Model>
CppLayer cpp_layer(const Parallel<Model>& layer);
template <class Layers>
CppLayer cpp_layer(const Chain<Layers>& chain);

/// A layer that another one is made of.
template <class L>
CppLayer cpp_part(const L& layer) {
  static_assert(
      requires { cpp_layer(layer); }, "export_header knows the library's own layers; a layer of the model is none");
  return cpp_layer(layer);
}

template <class L>
CppLayer cpp_layer(const Residual<L>& layer) {
  CppLayer inner = cpp_part(layer.layer);
  if (inner.type.empty()) {  // x is added to x
    inner.type = text("unroll::Dropout<", cpp_scalar<typename L::Scalar>(), ">");
    inner.zeros = inner.type + "(0)";
  }
  const std::string type = "unroll::Residual<" + inner.type + ">";
  return {type, text(type, "(", inner.zeros, ")")};
}

/// The types and expressions one after the other, without those of layers that do nothing.
template <class Parts>
CppLayer cpp_parts(const Parts& parts) {
  CppLayer result;
  const auto add = [&](std::size_t, const auto& layer) {
    const CppLayer part = cpp_part(layer);
    if (part.type.empty()) return;
    result.type += (result.type.empty() ? "" : ", ") + part.type;
    result.zeros += (result.zeros.empty() ? "" : ", ") + part.zeros;
  };
  walk(add, parts);
  return result;
}

template <class... Layers>
CppLayer cpp_layer(const Branches<Layers...>& layer) {
  const CppLayer branches = cpp_parts(layer.layers);
  const std::string type = "unroll::Branches<" + branches.type + ">";
  return {type, text(type, "(", branches.zeros, ")")};
}

template <class Model>
CppLayer cpp_layer(const Parallel<Model>& layer) {
  return cpp_part(layer.model);
}

template <class L>
CppLayer cpp_layer(const Bidirectional<L>& layer) {
  const CppLayer forward = cpp_layer(layer.forward_layer), reverse = cpp_layer(layer.reverse_layer);
  const std::string type = "unroll::Bidirectional<" + forward.type + ">";
  return {type, text(type, "(", forward.zeros, ", ", reverse.zeros,
                     ", unroll::Merge::", layer.merge == Merge::concatenate ? "concatenate" : "sum", ")")};
}

template <class Layers>
CppLayer cpp_layer(const Chain<Layers>& chain) {
  CppLayer result = cpp_parts(chain.layers);
  if (result.type.empty()) return {};
  result.type = "unroll::Sequential<" + result.type + ">";
  return {result.type, result.type + "(" + result.zeros + ")"};
}

/// Whether it is an identifier that C++ leaves to programs, and neither a namespace nor a macro that the header needs.
inline bool names_a_namespace(const std::string& name) {
  const std::string_view taken =
      " alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t"
      " char32_t class compl concept const consteval constexpr constinit const_cast continue co_await"
      " co_return co_yield decltype default delete do double dynamic_cast else enum explicit export extern"
      " false float for friend goto if inline int long mutable namespace new noexcept not not_eq nullptr"
      " operator or or_eq private protected public register reinterpret_cast requires return short signed"
      " sizeof static static_assert static_cast struct switch template this thread_local throw true try"
      " typedef typeid typename union unsigned using virtual void volatile wchar_t while xor xor_eq main"
      " posix unroll Eigen NULL EOF linux unix ";
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto follows = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_'; };
  const bool identifier = !name.empty() && letter(name[0]) && std::all_of(name.begin(), name.end(), follows);
  const bool reserved = name.starts_with("std") && name.find_first_not_of("0123456789", 3) == name.npos;
  return identifier && !reserved && name.find("__") == name.npos && taken.find(" " + name + " ") == taken.npos;
}

}  // namespace detail

/// Writes a trained model as one C++ header, for devices without a file system: namespace `name` with the weights as
/// constexpr arrays, the type `Model` with all sizes at compile time, and `model()`, which returns the model:
///
///   #include "pedal.hpp"             // needs <unroll/inference.hpp> and nothing else
///   Stream stream(pedal::model());
///
/// The weights are hexadecimal literals, so its outputs have the bits of this model's. A Stack becomes a Sequential, a
/// Parallel becomes its model, and Dropout is left out. Layers of your own do not compile. Throws std::invalid_argument
/// for a name that C++ keeps for itself and for a weight that is not finite.
template <class Model>
void export_header(const Model& model, const std::string& name, std::ostream& out) {
  using Scalar = typename Model::Scalar;
  detail::require(detail::names_a_namespace(name), "export_header: '", name, "' is no name for a C++ namespace");
  const detail::CppLayer layer = detail::cpp_part(model);
  detail::require(!layer.type.empty(), "export_header: the model has no layer that does anything at inference");

  std::ostringstream header;
  header.imbue(std::locale::classic());
  header << "// Written by unroll::export_header.\n// clang-format off\n#pragma once\n\n#include <algorithm>\n"
            "#include <unroll/inference.hpp>\n\nnamespace "
         << name << " {\n\nusing Model = " << layer.type << ";\n";
  Index arrays = 0;
  const auto write = [&](const std::string& tensor_name, const auto& tensor) {
    header << "\n/// " << tensor_name << ", " << tensor.rows() << " x " << tensor.cols()
           << ", column by column.\ninline constexpr " << detail::cpp_scalar<Scalar>() << " weights_" << arrays++
           << "[] = {" << std::hexfloat;
    for (Index i = 0; i < tensor.size(); ++i) {
      const Scalar value = tensor.data()[i];
      detail::require(std::isfinite(value), "export_header: ", tensor_name, " holds ", value, ", expected a number");
      header << (i > 0 ? "," : "") << (i % 6 == 0 ? "\n    " : " ") << static_cast<double>(value)
             << (sizeof(Scalar) == 4 ? "f" : "");
    }
    header << std::defaultfloat << "};\n";
  };
  for_each_tensor(write, model);
  header << "\ninline Model model() {\n  Model result = Model" << layer.zeros.substr(layer.type.size()) << ";\n";
  if (arrays > 0) {  // C++ has no empty arrays
    header << "  const " << detail::cpp_scalar<Scalar>() << "* const weights[] = {";
    for (Index k = 0; k < arrays; ++k) header << (k > 0 ? ", " : "") << "weights_" << k;
    header
        << "};\n  std::size_t k = 0;\n"
           "  unroll::for_each_tensor(\n"
           "      [&](const std::string&, auto& tensor) { std::copy_n(weights[k++], tensor.size(), tensor.data()); },\n"
           "      result);\n";
  }
  header << "  return result;\n}\n\n}  // namespace " << name << "\n";
  out << header.str();
}

/// The same as the file `path`, written atomically (see write_file).
template <class Model>
void export_header(const Model& model, const std::string& name, const std::filesystem::path& path) {
  std::ostringstream header;
  export_header(model, name, header);
  write_file(path, {header.str()});
}

}  // namespace unroll::inline UNROLL_TARGET
