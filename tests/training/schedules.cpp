// Against torch.optim.lr_scheduler: data/schedules.txt, made by reference/training_vectors.py.
#include "unroll/training/schedules.hpp"

#include "catch.hpp"
#include "reference/read_vectors.hpp"

using namespace unroll;
using Catch::Matchers::Message;

namespace {

template <class Schedule>
void check(const std::string& name, Schedule rate) {
  const Vectors torch(UNROLL_TEST_DATA "/schedules.txt");
  const Eigen::MatrixXd& expected = torch[name];
  REQUIRE(expected.cols() == 40);
  for (Index t = 0; t < expected.cols(); ++t) {
    CAPTURE(name, t);
    CHECK(rate(t) == Approx(expected(t)).epsilon(1e-12).margin(1e-15));
  }
}

}  // namespace

TEST_CASE("the schedules give PyTorch's rates", "[schedules]") {
  check("step", StepRate{.rate = 0.5, .every = 7, .factor = 0.3});
  check("exponential", ExponentialRate{.rate = 0.5, .factor = 0.9});
  check("cosine", CosineRate{.rate = 0.5, .steps = 40});
  check("warm_cosine", CosineRate{.rate = 0.5, .steps = 40, .warm_up = 8, .least = 0.01});
  check("one_cycle", OneCycleRate{.rate = 0.5, .steps = 40});
  check("one_cycle_linear",
        OneCycleRate{.rate = 0.5, .steps = 40, .rise = 0.25, .start = 10, .end = 100, .linear = true});
  CHECK(OneCycleRate{.rate = 1, .steps = 10, .start = 2, .end = 2}(99) == 0.25);
  CHECK(ConstantRate{0.25}(17) == 0.25);
  CHECK(CosineRate{.rate = 1, .steps = 10, .least = 0.5}(99) == 0.5);
}

TEST_CASE("the rate falls on a plateau as PyTorch's does, and a copy goes on the same", "[schedules]") {
  const Eigen::MatrixXd losses = Vectors(UNROLL_TEST_DATA "/schedules.txt")["losses"];
  ReduceOnPlateau plateau(0.5, {.factor = 0.5, .patience = 2, .cooldown = 1, .least = 0.02});
  ReduceOnPlateau visited(9, plateau.options);
  check("plateau", [&](Index t) {
    const double rate = plateau.rate();
    const auto assign = [](const std::string&, auto& to, const auto& from) { to = from; };
    ReduceOnPlateau::visit(assign, "", visited, std::as_const(plateau));
    CHECK(visited(losses(t)) == plateau(losses(t)));
    return rate;
  });
}

TEST_CASE("a plateau leaves a rate that would fall by no more than 1e-8", "[schedules]") {
  ReduceOnPlateau plateau(4e-8, {.factor = 0.5, .patience = 0});
  plateau(1);
  CHECK(plateau(1) == 2e-8);
  CHECK(plateau(1) == 2e-8);
  ReduceOnPlateau small(1.9e-8, {.factor = 0.5, .patience = 0});
  small(1);
  CHECK(small(1) == 1.9e-8);
}

TEST_CASE("after a fall a plateau is as patient as before", "[schedules]") {
  ReduceOnPlateau plateau(1, {.factor = 0.5, .patience = 2});
  std::vector<double> rates;
  for (int t = 0; t < 8; ++t) rates.push_back(plateau(1));
  CHECK(rates == std::vector<double>{1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25});
}

TEST_CASE("a plateau counts losses that are no numbers from the first on", "[schedules]") {
  ReduceOnPlateau plateau(1, {.factor = 0.5, .patience = 1});
  CHECK(plateau(std::nan("")) == 1);
  CHECK(plateau(std::nan("")) == 0.5);
}

TEST_CASE("a schedule that makes no sense is refused", "[schedules]") {
  CHECK_THROWS_MATCHES((StepRate{1, 0}(3)), std::invalid_argument,
                       Message("StepRate: every is 0, expected at least 1"));
  CHECK_THROWS_MATCHES((CosineRate{.rate = 1, .steps = 3, .warm_up = 3}(0)), std::invalid_argument,
                       Message("CosineRate: steps is 3 and warm_up 3, expected more steps than warm_up"));
  CHECK_THROWS_MATCHES((OneCycleRate{.rate = 1, .steps = 3}(0)), std::invalid_argument,
                       Message("OneCycleRate: steps is 3 and rise 0.3, expected a step at least in which the rate "
                               "rises, and one in which it falls"));
  CHECK_THROWS_MATCHES((OneCycleRate{.rate = 1, .steps = 9, .end = 0}(0)), std::invalid_argument,
                       Message("OneCycleRate: start is 25 and end 0, expected more than 0"));
  CHECK_THROWS_MATCHES(ReduceOnPlateau(1, {.factor = 1}), std::invalid_argument,
                       Message("ReduceOnPlateau: factor is 1, expected between 0 and 1"));
  const auto refuse = [](const PlateauOptions& how, const std::string& why) {
    CHECK_THROWS_MATCHES(ReduceOnPlateau(1, how), std::invalid_argument, Message("ReduceOnPlateau: " + why));
  };
  refuse({.patience = -1}, "patience is -1 and cooldown 0, expected at least 0");
  refuse({.cooldown = -2}, "patience is 10 and cooldown -2, expected at least 0");
  refuse({.threshold = std::nan("")}, "threshold is nan and least 0, expected at least 0");
  refuse({.least = -1}, "threshold is " + detail::text(1e-4) + " and least -1, expected at least 0");
}
