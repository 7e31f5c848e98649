#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "unroll/core/parameters.hpp"

namespace unroll::inline UNROLL_TARGET {

/// Names of tensors as `visit` gives them: a pattern, or several in braces. A * stands for any text.
class NamePatterns {
 public:
  std::vector<std::string> patterns;  ///< at least one is to fit

  /// One pattern.
  NamePatterns(const char* pattern) : patterns{pattern} {}
  /// One pattern.
  NamePatterns(std::string pattern) : patterns{std::move(pattern)} {}
  /// Several patterns.
  NamePatterns(std::initializer_list<std::string> several) : patterns(several) {}
};

/// Tensors that an optimizer treats in another way than the rest. Every optimizer's option `groups` is a list of these.
///
///   Adam(model, {.groups = {{.names = "0.*", .frozen = true}, {.names = "1.*", .kind = TensorKind::bias, .rate = 2}}})
///
/// An optimizer refuses a group that chooses no tensor, a pattern that fits none, a tensor that two groups choose, and
/// a tied group with a rate or decay of its own.
struct ParameterGroup {
  NamePatterns names = "*";                 ///< its tensors: {"0.*", "1.bias"}
  std::optional<TensorKind> kind = {};      ///< only tensors of this kind
  double rate = 1;                          ///< times the learning rate, at least 0
  std::optional<double> weight_decay = {};  ///< of all its tensors, instead of the optimizer's, at least 0
  bool frozen = false;                      ///< its tensors keep their bits, and their moments
  /// Its tensors always equal the tensor of this name, whose gradient is the sum of theirs.
  std::string tied_to = {};
  bool transposed = false;  ///< equal to its transpose: for a Dense that reads out an Embedding, say
};

namespace detail {

/// Whether a name fits a pattern in which a * stands for any text.
constexpr bool matches(std::string_view pattern, std::string_view name) {
  if (pattern.empty()) return name.empty();
  if (pattern[0] == '*') return matches(pattern.substr(1), name) || (!name.empty() && matches(pattern, name.substr(1)));
  return !name.empty() && name[0] == pattern[0] && matches(pattern.substr(1), name.substr(1));
}

inline bool matches_any(const NamePatterns& names, std::string_view name) {
  for (const std::string& pattern : names.patterns)
    if (matches(pattern, name)) return true;
  return false;
}

/// "0.* 1.bias of kind bias", for messages and files.
inline std::string chosen_text(const ParameterGroup& group) {
  const char* kinds[] = {"weight", "bias", "gain"};
  std::string names;
  for (const std::string& pattern : group.names.patterns) names += (names.empty() ? "" : " ") + pattern;
  return names + (group.kind ? text(" of kind ", kinds[static_cast<int>(*group.kind)]) : std::string());
}

/// All groups as text, one line each, for files.
inline std::string groups_text(const std::vector<ParameterGroup>& groups) {
  std::string result;
  for (const ParameterGroup& group : groups) {
    result += text(result.empty() ? "" : "; ", chosen_text(group), " rate ", group.rate);
    if (group.weight_decay) result += text(" weight_decay ", *group.weight_decay);
    if (group.frozen) result += " frozen";
    if (!group.tied_to.empty()) result += " tied to " + group.tied_to + (group.transposed ? " transposed" : "");
  }
  return result;
}

/// Which group holds which tensors of a model.
class Grouping {
 public:
  static constexpr std::size_t none = ~std::size_t();

  struct Tie {
    std::size_t tensor, to;  // places in the order of visit
    bool transposed;
  };

  /// Throws std::invalid_argument where groups and tensors do not fit.
  template <class Model>
  Grouping(const char* caller, const std::vector<ParameterGroup>& groups, const Model& model) {
    if (groups.empty()) return;
    std::vector<Shape> tensors;
    const auto add = [&](const auto& name, const auto& tensor) {
      tensors.push_back({name, kind_of(name), tensor.rows(), tensor.cols()});
    };
    for_each_tensor(add, model);
    std::string all;
    for (const Shape& tensor : tensors) all += (all.empty() ? "" : ", ") + tensor.name;
    group_.assign(tensors.size(), none);
    for (std::size_t g = 0; g < groups.size(); ++g) choose(caller, groups, g, tensors, all);
    for (std::size_t k = 0; k < tensors.size(); ++k)
      if (group_[k] != none && !groups[group_[k]].tied_to.empty()) tie(caller, groups, k, tensors, all);
  }

  /// The group of the k-th tensor, or `none`.
  std::size_t operator[](std::size_t k) const { return group_.empty() ? none : group_[k]; }
  const std::vector<Tie>& ties() const { return ties_; }

 private:
  struct Shape {
    std::string name;
    TensorKind kind;
    Index rows, cols;
  };

  void choose(const char* caller, const std::vector<ParameterGroup>& groups, std::size_t g,
              const std::vector<Shape>& tensors, const std::string& all) {
    const ParameterGroup& group = groups[g];
    bool found = false;
    for (std::size_t k = 0; k < tensors.size(); ++k) {
      if (!matches_any(group.names, tensors[k].name) || (group.kind && *group.kind != tensors[k].kind)) continue;
      require(group_[k] == none, caller, ": ", tensors[k].name, " is in two groups, ",
              group_[k] == none ? "" : chosen_text(groups[group_[k]]), " and ", chosen_text(group));
      group_[k] = g;
      found = true;
    }
    require(found, caller, ": the group ", chosen_text(group), " has no tensor; there are ", all);
    for (const std::string& pattern : group.names.patterns) {
      const auto fits = [&](const Shape& tensor) { return matches(pattern, tensor.name); };
      require(std::any_of(tensors.begin(), tensors.end(), fits), caller, ": the group ", chosen_text(group), " names ",
              pattern, ", which fits no tensor; there are ", all);
    }
    require(group.tied_to.empty() || (group.rate == 1 && !group.weight_decay && !group.frozen), caller, ": the group ",
            chosen_text(group), " is tied to ", group.tied_to, ", whose options move it; expected no others");
    require(!group.tied_to.empty() || !group.transposed, caller, ": the group ", chosen_text(group),
            " is transposed, but tied to nothing");
  }

  void tie(const char* caller, const std::vector<ParameterGroup>& groups, std::size_t k,
           const std::vector<Shape>& tensors, const std::string& all) {
    const ParameterGroup& group = groups[group_[k]];
    std::size_t to = 0;
    while (to < tensors.size() && tensors[to].name != group.tied_to) ++to;
    require(to < tensors.size(), caller, ": ", tensors[k].name, " is tied to ", group.tied_to, "; there are ", all);
    const Shape &a = tensors[k], &b = tensors[to];
    require(to != k && (group_[to] == none || groups[group_[to]].tied_to.empty()), caller, ": ", a.name, " is tied to ",
            b.name, ", which is tied itself");
    const Index rows = group.transposed ? b.cols : b.rows, cols = group.transposed ? b.rows : b.cols;
    require(a.rows == rows && a.cols == cols, caller, ": ", a.name, " is ", a.rows, " x ", a.cols, ", expected ", rows,
            " x ", cols, " as ", b.name, group.transposed ? " transposed" : "", ", which it is tied to");
    ties_.push_back({k, to, group.transposed});
  }

  std::vector<std::size_t> group_;  // of each tensor; empty: there are no groups
  std::vector<Tie> ties_;
};

/// The model's tensors in the order of visit, as matrices.
template <class Model>
auto tensors_of(Model& model) {
  using Tensor = Matrix<typename Model::Scalar>;
  std::vector<Eigen::Map<std::conditional_t<std::is_const_v<Model>, const Tensor, Tensor>>> result;
  const auto add = [&](const std::string&, auto& t) { result.emplace_back(t.data(), t.rows(), t.cols()); };
  for_each_tensor(add, model);
  return result;
}

/// Calls f(number of the tensor, number that it is tied to) for each number of a tie. The loops are plain, because they
/// are compiled with every optimizer.
template <class Tensors, class F>
void for_each_tied(const Grouping::Tie& tie, Tensors& tensors, F f) {
  auto &tied = tensors[tie.tensor], &to = tensors[tie.to];
  for (Index j = 0; j < tied.cols(); ++j)
    for (Index i = 0; i < tied.rows(); ++i) f(tied(i, j), tie.transposed ? to(j, i) : to(i, j));
}

/// Adds to the gradient of a tensor the gradients of the tensors that are tied to it. These, and those of frozen
/// tensors, become zero, so that a norm counts each parameter once.
template <class Model>
void gather_tied(const Grouping& grouping, const std::vector<ParameterGroup>& groups, Model& gradient) {
  auto tensors = tensors_of(gradient);
  for (const Grouping::Tie& tie : grouping.ties())
    for_each_tied(tie, tensors, [](auto& tied, auto& to) {
      to += tied;
      tied = 0;
    });
  for (std::size_t k = 0; k < tensors.size(); ++k)
    if (grouping[k] != Grouping::none && groups[grouping[k]].frozen)
      std::fill_n(tensors[k].data(), tensors[k].size(), typename Model::Scalar(0));
}

/// Makes tied tensors equal; `tensors` are the model's, by tensors_of.
template <class Tensors>
void copy_tied(const Grouping& grouping, Tensors tensors) {
  for (const Grouping::Tie& tie : grouping.ties())
    for_each_tied(tie, tensors, [](auto& tied, const auto& to) { tied = to; });
}

}  // namespace detail

}  // namespace unroll::inline UNROLL_TARGET
