#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "unroll/core/processor.hpp"
#include "unroll/optimizers/parameter_group.hpp"

namespace unroll::inline UNROLL_TARGET {

namespace detail {

inline void require_fraction(const char* caller, const char* what, double value) {
  require(value >= 0 && value < 1, caller, ": ", what, " is ", value, ", expected at least 0 and less than 1");
}

inline void require_not_negative(const char* caller, const char* what, double value) {
  require(value >= 0 && std::isfinite(value), caller, ": ", what, " is ", value, ", expected at least 0",
          value > 0 ? " and finite" : "");
}

/// What a rule adds to its divisor. One that is no normal number is 0.
template <class Scalar>
Scalar divisor_epsilon(double epsilon) {
  return epsilon < (std::numeric_limits<Scalar>::min)() ? 0 : static_cast<Scalar>(epsilon);
}

/// What a rule divides by: infinity in place of 0. So without epsilon a parameter whose gradients were all 0, or so
/// small that their squares were, stays where it is (PyTorch moves it to NaN or infinity).
template <class V>
UNROLL_IN_A_LOOP V divisor(const V& value) {
  using Limits = std::numeric_limits<typename V::Lane>;
  return select_less(value, V((Limits::min)()), V(Limits::infinity()), value);
}

}  // namespace detail

/// Moves a model against its gradient. It is a value that owns the moments, which are models of the same type.
///
/// The Rule is one parameter's step:
///
///   Options                            learning_rate, weight_decay, decay_biases, groups, and its own
///   name, moment_names                 for messages and files
///   decoupled                          whether weight decay shrinks w itself instead of adding to the gradient
///   check(options)                     throws std::invalid_argument
///   each_option(f, options)            f(name, option) for each of its own, for files
///   Step<Scalar>(options, steps)       the numbers of one step; step(w, g, moment...) moves w, a Pack of parameters
///
/// Weight decay is g = g + weight_decay w before the rule; if decoupled, it is w = w - learning_rate weight_decay w
/// (Loshchilov & Hutter 2019). Without `decay_biases` it leaves biases and gains alone (TensorKind). `groups` treat
/// some tensors in another way: with another rate or decay, frozen, or tied to another tensor (ParameterGroup).
template <class Model, class Rule>
class Optimizer {
 public:
  /// The rule's own struct of options.
  using Options = typename Rule::Options;

  Options options;  ///< may be changed between steps

  /// Moments of the model's shapes, all zero. Throws std::invalid_argument where an option makes no sense.
  Optimizer(const Model& model, Options how) : options(std::move(how)), moments_(zeros(model, Places())) {
    require_options();
    grouping(Rule::name, model);
  }

  /// Steps done.
  std::int64_t steps() const { return steps_; }

  /// Moves the model against the gradient by one step. Throws std::invalid_argument where the shapes differ or the
  /// groups do not fit. Then, and where memory runs out, nothing is changed.
  void step(Model& model, const Model& gradient) {
    const std::string caller = detail::text(Rule::name, "::step");
    detail::require_same_shape(caller.c_str(), model, gradient);
    for (const Model& moment : moments_) detail::require_same_shape(caller.c_str(), model, moment);
    require_options();
    const detail::Grouping groups = grouping(caller.c_str(), model);
    if (groups.ties().empty()) return step(model, gradient, groups);
    Model sum = gradient;
    detail::gather_tied(groups, options.groups, sum);
    auto tensors = detail::tensors_of(model);
    step(model, sum, groups);
    detail::copy_tied(groups, std::move(tensors));
  }

  /// Makes tied tensors of the model equal, as they are after each step. Throws std::invalid_argument where the groups
  /// do not fit.
  void tie(Model& model) const {
    if (!options.groups.empty()) detail::copy_tied(grouping("tie", model), detail::tensors_of(model));
  }

  /// Leaves in the gradient only what moves parameters: the sums of tied ones, and zeros for frozen ones. So its norm
  /// is that of what moves. Throws std::invalid_argument where the groups do not fit.
  void gather(Model& gradient) const {
    if (!options.groups.empty()) detail::gather_tied(grouping("gather", gradient), options.groups, gradient);
  }

  static const char* name() { return Rule::name; }

  /// Calls f(name, option) for each option that must stay the same within a run; the learning rate may change.
  template <class F>
  void each_option(F&& f) const {
    Rule::each_option(f, options);
    f("weight_decay", options.weight_decay);
    f("decay_biases", options.decay_biases);
    if (!options.groups.empty()) f("groups", detail::groups_text(options.groups));
  }

  /// Throws std::invalid_argument where options or counts that came from a file make no sense.
  void require_valid() const {
    require_options();
    detail::require(steps_ >= 0, Rule::name, ": steps is ", steps_, ", expected at least 0");
  }

  /// Shows all that a checkpoint must hold: f(name, tensor...) for each tensor of the moments, f("steps", count...) and
  /// f("learning_rate", rate...), which a schedule may have changed.
  template <class F, class... Optimizers>
  static void visit(F&& f, const std::string& prefix, Optimizers&... optimizers) {
    for (std::size_t k = 0; k < moment_count; ++k)
      for_each_tensor([&](const std::string& name,
                          auto&... tensors) { f(prefix + Rule::moment_names[k] + "." + name, tensors...); },
                      optimizers.moments_[k]...);
    f(prefix + "steps", optimizers.steps_...);
    f(prefix + "learning_rate", optimizers.options.learning_rate...);
  }

 private:
  void require_options() const {
    Rule::check(options);
    detail::require_not_negative(Rule::name, "learning_rate", options.learning_rate);
    detail::require_not_negative(Rule::name, "weight_decay", options.weight_decay);
    for (const ParameterGroup& group : options.groups) {
      detail::require_not_negative(Rule::name, "the rate of a group", group.rate);
      detail::require_not_negative(Rule::name, "the weight_decay of a group", group.weight_decay.value_or(0));
    }
  }

  detail::Grouping grouping(const char* caller, const Model& model) const { return {caller, options.groups, model}; }

  using Scalar = typename Model::Scalar;
  static constexpr std::size_t moment_count = Rule::moment_names.size();
  using Places = std::make_index_sequence<moment_count>;

  template <std::size_t... K>
  static std::array<Model, moment_count> zeros(const Model& model, std::index_sequence<K...>) {
    return {((void)K, zeros_like(model))...};
  }

  using Step = typename Rule::template Step<Scalar>;

  /// The numbers of one step, of all tensors of one group.
  struct GroupStep {
    Step step;
    Scalar decay, decay_of_biases;
  };

  /// A parameter tensor, its gradient and its moments.
  struct Moving {
    Index size;
    const GroupStep* how;
    bool is_weight;
    Scalar* w;
    const Scalar* g;
    std::array<Scalar*, moment_count> moments;
  };

  GroupStep group_step(const ParameterGroup& group) const {
    Options of_group = options;
    of_group.learning_rate *= group.rate;
    const auto decay = [&](double otherwise) {
      return static_cast<Scalar>(group.weight_decay.value_or(otherwise) *
                                 (Rule::decoupled ? of_group.learning_rate : 1));
    };
    return {Step(of_group, static_cast<double>(steps_ + 1)), decay(options.weight_decay),
            decay(options.decay_biases ? options.weight_decay : 0)};
  }

  /// Moves every tensor that is neither frozen nor tied to another tensor.
  void step(Model& model, const Model& gradient, const detail::Grouping& groups) {
    // All tensors are found before one moves, because their names take memory.
    const GroupStep others = group_step({});
    std::vector<GroupStep> of_groups;
    for (const ParameterGroup& group : options.groups) of_groups.push_back(group_step(group));
    std::vector<Moving> all;
    std::size_t k = 0;
    const auto find = [&](const auto& name, auto& w, const auto& g, auto&... moments) {
      const std::size_t group = groups[k++];
      const bool alone = group == detail::Grouping::none;
      if (!alone && (options.groups[group].frozen || !options.groups[group].tied_to.empty())) return;
      all.push_back({w.size(),
                     alone ? &others : &of_groups[group],
                     kind_of(name) == TensorKind::weight,
                     w.data(),
                     g.data(),
                     {moments.data()...}});
    };
    [&]<std::size_t... K>(std::index_sequence<K...>) {
      for_each_tensor(find, model, gradient, moments_[K]...);
    }(Places());
    ++steps_;
    for (const Moving& tensor : all) move(tensor);
  }

  /// Works register by register, the last one padded, so every parameter moves the same way wherever it lies in memory.
  static void move(const Moving& tensor) {
    detail::on_processor<Scalar>([&]<class P>() { move<P>(tensor, Places()); });
  }
  template <class P, std::size_t... K>
  UNROLL_INNER_LOOP static void move(const Moving& tensor, std::index_sequence<K...>) {
    const Step& step = tensor.how->step;
    const Scalar decay = tensor.is_weight ? tensor.how->decay : tensor.how->decay_of_biases;
    for (Index i = 0; i < tensor.size; i += P::size) {
      const Index count = tensor.size - i;
      P w = P::load(tensor.w + i, count), g = P::load(tensor.g + i, count);
      if constexpr (Rule::decoupled)
        w -= decay * w;
      else
        g += decay * w;
      std::array<P, moment_count> m{P::load(tensor.moments[K] + i, count)...};
      step(w, g, m[K]...);
      (m[K].store(tensor.moments[K] + i, count), ...);
      w.store(tensor.w + i, count);
    }
  }

  std::array<Model, moment_count> moments_;  // each of the shape of the model
  std::int64_t steps_ = 0;
};

}  // namespace unroll::inline UNROLL_TARGET
