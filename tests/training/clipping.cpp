#include "unroll/training/clipping.hpp"

#include <cmath>
#include <functional>

#include "catch.hpp"
#include "core/flat.hpp"
#include "unroll/layers/recurrent_layers.hpp"

using namespace unroll;
using Catch::Matchers::Message;

namespace {

/// What there is to clip: tensors (3, 4), (12, 0, 0, 0) and (84, 0), whose norms are 5, 12 and 84, of all 85.
template <class Scalar>
Rnn<Scalar> gradient(double scale = 1) {
  auto result = Rnn<Scalar>::zeros(1, 2);
  result.weight_ih << static_cast<Scalar>(3 * scale), static_cast<Scalar>(-4 * scale);
  result.weight_hh(1, 0) = static_cast<Scalar>(12 * scale);
  result.bias[1] = static_cast<Scalar>(-84 * scale);
  return result;
}

/// The gradient with each tensor scaled.
template <class Scalar>
Flat scaled(double ih, double hh, double bias) {
  return {3 * ih, -4 * ih, 0, 12 * hh, 0, 0, 0, -84 * bias};
}

/// One of the ways to clip, and whom it names when it refuses a limit.
template <class Scalar>
struct Way {
  std::string name;
  std::function<ClipReport(Rnn<Scalar>&, double)> clip;
};

template <class Scalar>
std::vector<Way<Scalar>> ways() {
  return {{"clip_by_value", [](auto& g, double limit) { return clip_by_value(g, limit); }},
          {"clip_tensor_by_norm", [](auto& g, double limit) { return clip_tensor_by_norm(g.weight_hh, limit); }},
          {"clip_by_tensor_norm", [](auto& g, double limit) { return clip_by_tensor_norm(g, limit); }},
          {"clip_by_global_norm", [](auto& g, double limit) { return clip_by_global_norm(g, limit); }}};
}

/// Clips a gradient and compares what is left of it, to the Scalar's precision, and the report.
template <class Scalar, class Clip>
void check(Rnn<Scalar> clipped, Clip clip, double limit, const Flat& expected, double norm) {
  CAPTURE(limit);
  const Flat before = flat(clipped);
  const ClipReport report = clip(clipped, limit);
  const double precision = sizeof(Scalar) == 4 ? 2e-7 : 1e-15;
  const Flat after = flat(clipped);
  REQUIRE(after.size() == expected.size());
  for (std::size_t i = 0; i < after.size(); ++i) {
    CAPTURE(i);
    CHECK(after[i] == Approx(expected[i]).epsilon(precision).margin(0));
  }
  CHECK(report.norm == Approx(norm).epsilon(1e-15));
  CHECK(report.clipped == (after != before));
}

}  // namespace

TEMPLATE_TEST_CASE("clip_by_value holds each value within the limit", "[clipping]", float, double) {
  const auto clip = [](auto& g, double limit) { return clip_by_value(g, limit); };
  const auto run = [&](double limit, const Flat& expected) {
    check<TestType>(gradient<TestType>(), clip, limit, expected, 85);
  };
  run(3.5, {3, -3.5, 0, 3.5, 0, 0, 0, -3.5});
  run(12, {3, -4, 0, 12, 0, 0, 0, -12});
  run(84, scaled<TestType>(1, 1, 1));
  run(0.125, {0.125, -0.125, 0, 0.125, 0, 0, 0, -0.125});
  run(std::numeric_limits<double>::infinity(), scaled<TestType>(1, 1, 1));
}

TEMPLATE_TEST_CASE("clip_tensor_by_norm scales one tensor and leaves the others", "[clipping]", float, double) {
  const auto run = [](auto clip, double limit, const Flat& expected, double norm) {
    check<TestType>(gradient<TestType>(), clip, limit, expected, norm);
  };
  const auto matrix = [](auto& g, double limit) { return clip_tensor_by_norm(g.weight_ih, limit); };
  const auto vector = [](auto& g, double limit) { return clip_tensor_by_norm(g.bias, limit); };
  run(matrix, 2.5, scaled<TestType>(0.5, 1, 1), 5);
  run(matrix, 5, scaled<TestType>(1, 1, 1), 5);
  run(vector, 21, scaled<TestType>(1, 1, 0.25), 84);
  run(vector, 1000, scaled<TestType>(1, 1, 1), 84);
}

TEMPLATE_TEST_CASE("clip_by_tensor_norm scales each tensor by its own norm", "[clipping]", float, double) {
  const auto clip = [](auto& g, double limit) { return clip_by_tensor_norm(g, limit); };
  const auto run = [&](double limit, const Flat& expected) {
    check<TestType>(gradient<TestType>(), clip, limit, expected, 85);
  };
  run(3, scaled<TestType>(0.6, 0.25, 1 / 28.0));
  run(21, scaled<TestType>(1, 1, 0.25));
  run(84, scaled<TestType>(1, 1, 1));
}

TEMPLATE_TEST_CASE("clip_by_global_norm scales all by one factor", "[clipping]", float, double) {
  const auto clip = [](auto& g, double limit) { return clip_by_global_norm(g, limit); };
  const auto run = [&](double limit, double factor) {
    check<TestType>(gradient<TestType>(), clip, limit, scaled<TestType>(factor, factor, factor), 85);
  };
  run(17, 0.2);
  run(85, 1);
  run(1e-3, 1e-3 / 85);
  run(86, 1);
  auto clipped = gradient<TestType>();
  clip(clipped, 17);
  CHECK(global_norm(clipped) == Approx(17).epsilon(1e-6));
}

TEMPLATE_TEST_CASE("nothing to clip is reported as such", "[clipping]", float, double) {
  for (const auto& way : ways<TestType>()) {
    CAPTURE(way.name);
    check<TestType>(Rnn<TestType>::zeros(1, 2), way.clip, 1, Flat(8, 0.0), 0);
  }
}

TEST_CASE("norms of floats neither overflow nor underflow", "[clipping]") {
  const double huge = 0x1p120, tiny = 0x1p-120;  // their squares are no floats
  const auto run = [](const char* name, auto clip, double scale, double limit, const Flat& expected, double norm) {
    CAPTURE(name, scale);
    check<float>(gradient<float>(scale), clip, limit, expected, norm * scale);
  };
  const auto by_value = [](auto& g, double limit) { return clip_by_value(g, limit); };
  const auto one = [](auto& g, double limit) { return clip_tensor_by_norm(g.weight_ih, limit); };
  const auto each = [](auto& g, double limit) { return clip_by_tensor_norm(g, limit); };
  const auto global = [](auto& g, double limit) { return clip_by_global_norm(g, limit); };
  run("value", by_value, huge, 1, {1, -1, 0, 1, 0, 0, 0, -1}, 85);
  run("tensor", one, huge, 5, {3, -4, 0, 12 * huge, 0, 0, 0, -84 * huge}, 5);
  run("each tensor", each, huge, 5, {3, -4, 0, 5, 0, 0, 0, -5}, 85);
  run("global", global, huge, 85, scaled<float>(1, 1, 1), 85);
  run("global", global, tiny, 17 * tiny, scaled<float>(0.2 * tiny, 0.2 * tiny, 0.2 * tiny), 85);
  run("value", by_value, tiny, 1, scaled<float>(tiny, tiny, tiny), 85);
}

TEST_CASE("a gradient may be clipped by a factor that is no float", "[clipping]") {
  const double huge = 0x1p120, limit = 0x1p-20;
  const auto tensor = [](auto& g, double most) { return clip_tensor_by_norm(g.bias, most); };
  const auto global = [](auto& g, double most) { return clip_by_global_norm(g, most); };
  check<float>(gradient<float>(huge), tensor, limit, {3 * huge, -4 * huge, 0, 12 * huge, 0, 0, 0, -limit}, 84 * huge);
  for (const double most : {limit, 0x1p-70, 0x1p-10})
    check<float>(gradient<float>(huge), global, most, scaled<float>(most / 85, most / 85, most / 85), 85 * huge);
}

TEMPLATE_TEST_CASE("a norm that is not finite is reported, and nothing is scaled by it", "[clipping]", float, double) {
  const auto infinity = std::numeric_limits<TestType>::infinity(), nan = std::numeric_limits<TestType>::quiet_NaN();
  for (const auto bad : {infinity, -infinity, nan}) {
    CAPTURE(bad);
    const auto is_reported = [&](double norm) { return std::isnan(bad) ? std::isnan(norm) : norm == HUGE_VAL; };
    auto spoilt = gradient<TestType>();
    spoilt.weight_hh(1, 0) = bad;
    const auto same = [](double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); };
    const auto unchanged = [&](const Rnn<TestType>& g) {
      const Flat a = flat(g), b = flat(spoilt);
      return std::equal(a.begin(), a.end(), b.begin(), same);
    };

    auto global = spoilt;
    const ClipReport of_all = clip_by_global_norm(global, 1);
    CHECK(is_reported(of_all.norm));
    CHECK_FALSE(of_all.clipped);
    CHECK(unchanged(global));

    auto tensor = spoilt;
    const ClipReport of_tensor = clip_tensor_by_norm(tensor.weight_hh, 1);
    CHECK(is_reported(of_tensor.norm));
    CHECK_FALSE(of_tensor.clipped);
    CHECK(unchanged(tensor));

    // The tensors that are finite are clipped all the same.
    auto each = spoilt;
    const ClipReport of_each = clip_by_tensor_norm(each, 5);
    CHECK(is_reported(of_each.norm));
    CHECK(of_each.clipped);
    CHECK(each.weight_ih == spoilt.weight_ih);
    CHECK(same(each.weight_hh(1, 0), bad));
    CHECK(each.bias[1] == Approx(-5).epsilon(1e-6));

    // By value an infinity becomes the limit; NaN stays NaN.
    auto value = spoilt;
    const ClipReport of_value = clip_by_value(value, 100);
    CHECK(is_reported(of_value.norm));
    CHECK(of_value.clipped == !std::isnan(bad));
    CHECK(same(value.weight_hh(1, 0), std::isnan(bad) ? bad : bad > 0 ? 100 : -100));
    CHECK(value.bias == spoilt.bias);
  }
}

TEST_CASE("a limit that is not above zero is refused, and nothing is changed", "[clipping]") {
  for (const auto& way : ways<double>())
    for (const double limit : {0.0, -1.0, -HUGE_VAL, std::numeric_limits<double>::quiet_NaN()}) {
      auto kept = gradient<double>();
      CHECK_THROWS_MATCHES(way.clip(kept, limit), std::invalid_argument,
                           Message(way.name + ": the limit is " + detail::text(limit) + ", expected more than 0"));
      CHECK(flat(kept) == flat(gradient<double>()));
    }
}
