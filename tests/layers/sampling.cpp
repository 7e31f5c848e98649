#include "unroll/layers/sampling.hpp"

#include <limits>

#include "catch.hpp"

using namespace unroll;
using Catch::Matchers::Message;

namespace {

/// Logits of the chances 1/2, 1/8, 1/4, 1/8.
Eigen::Vector4f four() { return Eigen::Vector4f(4, 1, 2, 1).array().log(); }

/// Logits of the next of three tokens, which depend on all tokens before: the state is their sum, weighted by place.
struct Markov {
  double sum = 0;
  Vector<double> step(Index token) {
    sum = 0.7 * sum + static_cast<double>(token + 1);
    return Eigen::Vector3d(std::sin(5 * sum), std::cos(3 * sum), std::sin(sum)) * 2;
  }
};

}  // namespace

TEST_CASE("the chances are softmax's, sharpened by the temperature and cut by top_k and top_p", "[sampling]") {
  const auto check = [](const SamplingOptions& how, const Eigen::Vector4d& expected) {
    const Vector<double> found = chances(four(), how);
    CAPTURE(found.transpose(), expected.transpose());
    CHECK(found.isApprox(expected, 1e-6));
  };
  check({}, {0.5, 0.125, 0.25, 0.125});
  check({.temperature = 0.5}, Eigen::Vector4d(16, 1, 4, 1) / 22);
  check({.temperature = 0}, {1, 0, 0, 0});
  check({.top_k = 2}, {2. / 3, 0, 1. / 3, 0});
  check({.top_k = 9}, {0.5, 0.125, 0.25, 0.125});
  check({.top_p = 0.4}, {1, 0, 0, 0});
  check({.top_p = 0.8}, Eigen::Vector4d(4, 1, 2, 0) / 7);
  check({.top_k = 2, .top_p = 0.6}, {1, 0, 0, 0});
  CHECK(greedy(four()) == 0);
  CHECK(greedy(-four()) == 1);
  CHECK(greedy(-four().array()) == 1);  // an array will do
}

TEST_CASE("tokens are drawn as often as their chances say, and a cut one never", "[sampling]") {
  Random random(1);
  Eigen::Vector4d counts = Eigen::Vector4d::Zero();
  for (int k = 0; k < 7000; ++k) counts[sample(four(), random, {.top_p = 0.8})] += 1;
  CHECK(counts[3] == 0);
  CHECK(counts[0] == Approx(4000).margin(150));
  CHECK(counts[1] == Approx(1000).margin(120));
}

TEST_CASE("a beam as wide as all sequences finds the likeliest, a beam of one is greedy", "[sampling]") {
  constexpr Index end = 2, steps = 4;
  const auto step = [](Markov& chain, Index token) { return chain.step(token); };
  std::vector<std::pair<double, std::vector<Index>>> all;
  const auto extend = [&](auto& self, Markov chain, const std::vector<Index>& before, double log_chance) -> void {
    if (!before.empty() && (before.back() == end || before.size() == steps)) {
      all.emplace_back(log_chance, before);
      return;
    }
    const Vector<double> p = chances(chain.step(before.empty() ? 0 : before.back()));
    for (Index token = 0; token < 3; ++token) {
      auto more = before;
      more.push_back(token);
      self(self, chain, more, log_chance + std::log(p[token]));
    }
  };
  extend(extend, Markov(), {}, 0);
  std::sort(all.rbegin(), all.rend());
  const auto found = beam_search(Markov(), 0, step, {.width = 100, .steps = steps, .end = end});
  REQUIRE(found.size() == all.size());
  for (std::size_t k = 0; k < all.size(); ++k) {
    CHECK(found[k].log_chance == Approx(all[k].first).epsilon(1e-12));
    CHECK(found[k].ended == (found[k].tokens.back() == end));
  }
  CHECK(found[0].tokens == all[0].second);

  const auto one = beam_search(Markov(), 0, step, {.width = 1, .steps = 6});
  REQUIRE(one.size() == 1);
  Markov chain;
  Index token = 0;
  for (const Index chosen : one[0].tokens) {
    token = greedy(chain.step(token));
    CHECK(chosen == token);
  }
  CHECK(one[0].tokens.size() == 6);

  const auto longer = beam_search(Markov(), 0, step, {.width = 100, .steps = steps, .end = end, .length_penalty = 50});
  CHECK(longer[0].tokens.size() == steps);
}

TEST_CASE("what nothing can be drawn from is refused", "[sampling]") {
  Random random(1);
  const auto refuse = [&](const SamplingOptions& how, const std::string& why) {
    CHECK_THROWS_MATCHES(sample(four(), random, how), std::invalid_argument, Message("sample: " + why));
  };
  refuse({.temperature = -1}, "temperature is -1, expected at least 0");
  refuse({.temperature = std::numeric_limits<double>::infinity()},
         "temperature is inf, expected at least 0 and finite");
  refuse({.top_k = -1}, "top_k is -1, expected at least 0");
  refuse({.top_p = 0}, "top_p is 0, expected above 0 and up to 1");
  CHECK(random == Random(1));
  CHECK(sample(Eigen::VectorXf::Zero(1), random) == 0);  // one token is enough
  Eigen::Vector4f broken = four();
  broken[2] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_MATCHES(greedy(broken), std::invalid_argument, Message("greedy: a logit is no finite number"));
  CHECK_THROWS_MATCHES(greedy(Eigen::MatrixXf(2, 2)), std::invalid_argument,
                       Message("greedy: logits are 2 x 2, expected a column of one at least"));
  const auto step = [](Markov& chain, Index token) { return chain.step(token); };
  CHECK_THROWS_MATCHES(beam_search(Markov(), 0, step, {.width = 0}), std::invalid_argument,
                       Message("beam_search: width is 0, expected at least 1"));
  CHECK_THROWS_MATCHES(beam_search(Markov(), 0, step, {.steps = 0}), std::invalid_argument,
                       Message("beam_search: steps is 0, expected at least 1"));
  CHECK_THROWS_MATCHES(beam_search(Markov(), 0, step, {.end = -2}), std::invalid_argument,
                       Message("beam_search: end is -2, expected a token, or -1"));
  CHECK_THROWS_MATCHES(
      beam_search(Markov(), 0, step, {.end = 99}), std::invalid_argument,
      Message("beam_search: end is 99, there are " + std::to_string(Markov().step(0).size()) + " tokens"));
  CHECK_THROWS_MATCHES(beam_search(Markov(), 0, step, {.length_penalty = std::nan("")}), std::invalid_argument,
                       Message("beam_search: length_penalty is nan, expected a finite number"));
}

TEST_CASE("equal logits have equal chances, and what is masked has none", "[sampling]") {
  Vector<double> logits(19);
  for (Index i = 0; i < 19; ++i) logits[i] = (i * 7 + 3) % 5 >= 3;
  const Vector<double> p = chances(logits);
  for (Index i = 0; i < 19; ++i)
    for (Index k = 0; k < i; ++k)
      if (logits[i] == logits[k]) CHECK(p[i] == p[k]);
  CHECK(chances(logits, {.top_k = 1})[greedy(logits)] == 1);
  const double no = -std::numeric_limits<double>::infinity();
  for (const Index masked : {0, 1, 2}) {
    Vector<double> some = Vector<double>::Constant(3, 1.5);
    some[masked] = no;
    for (const SamplingOptions& how : {SamplingOptions{}, {.temperature = 0.1}, {.top_k = 3}, {.top_p = 0.99}}) {
      CHECK(chances(some, how)[masked] == 0);
      CHECK(chances(some, how).sum() == 1);
    }
  }
  const double least = std::numeric_limits<double>::denorm_min();  // a share of it may be 0
  CHECK(chances(Vector<double>{{1, 1, 1}}, {.top_k = 1, .top_p = least}) == Vector<double>{{1, 0, 0}});
  CHECK(chances(Vector<double>{{1, 3, 2}}, {.temperature = 1e-320}) == Vector<double>{{0, 1, 0}});
  CHECK(greedy(Vector<float>{{1e-20f, 2e-20f}}) == 1);
}

TEST_CASE("a beam holds no sequence that cannot be", "[sampling]") {
  const double no = -std::numeric_limits<double>::infinity();
  const auto found =
      beam_search(0, 0, [&](int&, Index) { return Vector<double>{{1, 0, no, no}}; }, {.width = 3, .steps = 1});
  REQUIRE(found.size() == 2);
  CHECK(found[0].tokens == std::vector<Index>{0});
  CHECK(found[1].tokens == std::vector<Index>{1});
}
