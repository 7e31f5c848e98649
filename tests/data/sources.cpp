// Where examples come from: sequences, streams, splits, the standardizer.
#include <limits>
#include <set>

#include "catch.hpp"
#include "unroll/data/examples.hpp"
#include "unroll/data/fill_gaps.hpp"
#include "unroll/data/forecast_windows.hpp"
#include "unroll/data/sequences.hpp"
#include "unroll/data/split.hpp"
#include "unroll/data/standardizer.hpp"
#include "unroll/data/stream_windows.hpp"
#include "unroll/data/tokens.hpp"
#include "unroll/engine/initializers.hpp"

using namespace unroll;
using Catch::Matchers::Message;

namespace {

/// 1 x cols: first, first + 1, ...
Matrix<double> counted(Index cols, double first = 0) {
  Matrix<double> result(1, cols);
  for (Index j = 0; j < cols; ++j) result(0, j) = first + static_cast<double>(j);
  return result;
}

Matrix<double> row(std::initializer_list<double> values) {
  Matrix<double> result(1, static_cast<Index>(values.size()));
  std::copy(values.begin(), values.end(), result.data());
  return result;
}

template <class F>
void refuse(F f, const std::string& why) {
  CHECK_THROWS_MATCHES(f(), std::invalid_argument, Message(why));
}

/// 2 x cols: counted from 0, and from 100 on.
Matrix<double> two_rows(Index cols, double first = 0) {
  Matrix<double> result(2, cols);
  result << counted(cols, first), counted(cols, first + 100);
  return result;
}

/// The steps that the targets of some windows begin with.
std::vector<Index> targets_of(const ForecastWindows<double>& windows) {
  std::vector<Index> result;
  for (const auto& window : windows.windows()) result.push_back(window.target);
  return result;
}

static_assert(DataSource<Sequences<float>> && DataSource<StreamWindows<double>> &&
              DataSource<ForecastWindows<double>> && DataSource<Examples<std::string>>);

}  // namespace

TEST_CASE("a shuffled order has every number once, and is its seed's", "[data]") {
  CHECK(shuffled(4, std::nullopt) == std::vector<Index>{0, 1, 2, 3});
  const auto order = shuffled(100, 1);
  CHECK(order == shuffled(100, 1));
  CHECK(order != shuffled(100, 2));
  CHECK(order != shuffled(100, std::nullopt));
  CHECK(std::set<Index>(order.begin(), order.end()).size() == 100);
  std::set<std::vector<Index>> seen;
  for (std::uint64_t seed = 0; seed < 100; ++seed) seen.insert(shuffled(3, seed));
  CHECK(seen.size() == 6);
}

TEST_CASE("ragged sequences lie side by side, zeros behind the short ones", "[data]") {
  const std::vector<Matrix<double>> x{row({1, 2, 3}), row({4}), row({5, 6})};
  const Sequences<double> data(x, {row({-1, -2, -3}), row({-4}), row({-5, -6})}, 2);
  CHECK(data.batches() == 2);
  const Example<double> first = data.example(0, {2, 0, 1}), last = data.example(1, {2, 0, 1});
  CHECK(first.batch.size == 2);
  CHECK(first.batch.lengths == std::vector<Index>{2, 3});
  CHECK(first.x == row({5, 1, 6, 2, 0, 3}));
  CHECK(first.target == row({-5, -1, -6, -2, 0, -3}));
  CHECK(!first.batch.continues);
  CHECK(last.x == row({4}));
  CHECK(last.batch.size == 1);
  CHECK(last.batch.lengths.empty());

  const Sequences<double> weighted(x, x, 2, {row({0, 1, 2}), row({3}), row({4, 5})});
  CHECK(first.weights.empty());
  CHECK(weighted.example(0, {2, 0, 1}).weights == std::vector<double>{4, 0, 5, 1, 0, 2});
  CHECK(weighted.example(1, {2, 0, 1}).weights == std::vector<double>{3});
  refuse([&] { Sequences<double>(x, x, 1, {row({1})}); }, "Sequences: 1 weights for 3 sequences");
  refuse([&] { Sequences<double>(x, x, 1, {row({1, 2, 3}), row({1, 2}), row({1, 2})}); },
         "Sequences: weights 1 are 1 x 2, expected 1 x 1");

  const std::vector<Matrix<double>> two{counted(3).replicate(2, 1), counted(1).replicate(2, 1)};
  std::vector<Matrix<double>> each{Matrix<double>(2, 3), Matrix<double>(2, 1)};
  each[0] << 1, 2, 3, 4, 5, 6;
  each[1] << 7, 8;
  const Sequences<double> masked(two, two, 2, each);
  CHECK(masked.example(0, {0, 1}).weights == std::vector<double>{1, 4, 7, 8, 2, 5, 0, 0, 3, 6, 0, 0});
  refuse([&] { Sequences<double>(two, two, 2, {each[0], row({1})}); },
         "Sequences: weights 1 are 1 x 1, expected 1 x 1, or 2 rows in all");

  const Sequences<double> read_out(x, {row({7}), row({8}), row({9})}, 3);
  CHECK(read_out.example(0, {0, 1, 2}).target == row({7, 8, 9}));
  CHECK(read_out.example(0, {0, 1, 2}).x == row({1, 4, 5, 2, 0, 6, 3, 0, 0}));

  refuse([] { Sequences<double>({}, {}, 1); }, "Sequences: there is none");
  refuse([&] { Sequences<double>(x, {row({1})}, 1); }, "Sequences: 1 targets for 3 sequences");
  refuse([&] { Sequences<double>(x, x, 0); }, "Sequences: batch_size is 0, expected at least 1");
  refuse([&] { Sequences<double>({row({1}), row({2})}, {row({1}), Matrix<double>(2, 1)}, 1); },
         "Sequences: target 1 has 2 rows, target 0 has 1");
  refuse([&] { Sequences<double>({row({1, 2})}, {row({1, 2, 3})}, 1); },
         "Sequences: target 0 has 3 columns, its sequence 2; expected as many, or 1 in every target");
  refuse([] { Sequences<double>({Matrix<double>(1, 0)}, {row({1})}, 1); }, "Sequences: sequence 0 is empty");
}

TEST_CASE("a matrix's rows are series, a long series has windows", "[data]") {
  Matrix<double> matrix(2, 3);
  matrix << 1, 2, 3, 4, 5, 6;
  CHECK(rows_as_series(matrix)[1] == row({4, 5, 6}));
  const auto windows = sliding_windows(counted(10), 4, 3);
  REQUIRE(windows.size() == 3);
  CHECK(windows[2] == row({6, 7, 8, 9}));
  refuse([] { sliding_windows(counted(3), 4); }, "sliding_windows: length 4 and stride 1 in a series of 3 columns");
}

TEST_CASE("a size that says all of it is one batch, one window", "[data]") {
  const Index all = std::numeric_limits<Index>::max();
  CHECK(sliding_windows(counted(10), 4, all).size() == 1);
  CHECK(Sequences<double>({counted(2), counted(3)}, {counted(2), counted(3)}, all).batches() == 1);
  const StreamWindows<double> streams(counted(10), counted(10), 2, all);
  CHECK(streams.batches() == 1);
  CHECK(streams.example(0, {}).x.cols() == 10);
  const ForecastWindows<double> windows({counted(10)}, all, {.past = 2, .stride = all});
  CHECK(windows.windows().size() == 1);
  CHECK(windows.batches() == 1);
}

TEST_CASE("streams are read side by side, and every window carries on where the one before ended", "[data]") {
  const StreamWindows<double> data(counted(11), counted(11, 100), 2, 2);
  CHECK(data.batches() == 3);
  CHECK(data.example(0, {}).x == row({0, 5, 1, 6}));
  CHECK(data.example(1, {}).x == row({2, 7, 3, 8}));
  CHECK(data.example(2, {}).x == row({4, 9}));
  CHECK(data.example(2, {}).target == row({104, 109}));
  CHECK(!data.example(0, {}).batch.continues);
  CHECK(data.example(1, {}).batch.continues);
  CHECK(data.example(1, {}).batch.size == 2);
  CHECK(data.example(0, {}).weights.empty());
  const StreamWindows<double> weighted(counted(11), counted(11, 100), 2, 2, counted(11));
  CHECK(weighted.example(1, {}).weights == std::vector<double>{2, 7, 3, 8});
  refuse([] { StreamWindows<double>(counted(3), counted(3), 1, 1, counted(2)); },
         "StreamWindows: weights are 1 x 2, expected 1 x 3");
  Matrix<double> each(2, 4);
  each << 1, 2, 3, 4, 5, 6, 7, 8;
  const StreamWindows<double> masked(counted(4), counted(4).replicate(2, 1), 2, 1, each);
  CHECK(masked.example(1, {}).weights == std::vector<double>{2, 6, 4, 8});

  refuse([] { StreamWindows<double>(counted(3), counted(4), 1, 1); },
         "StreamWindows: target has 4 columns, expected 3 as x");
  refuse([] { StreamWindows<double>(counted(3), counted(3), 4, 1); },
         "StreamWindows: 4 streams of a series of 3 columns");
  refuse([] { StreamWindows<double>(counted(3), counted(3), 1, 0); },
         "StreamWindows: window is 0, expected at least 1");
  refuse([] { StreamWindows<double>(counted(3).transpose(), counted(3).transpose(), 4, 1); },
         "StreamWindows: 4 streams of a series of 1 columns; x is 3 x 1, transposed?");
  refuse([] { StreamWindows<double>(counted(1), counted(1), 2, 1); },
         "StreamWindows: 2 streams of a series of 1 columns");
}

TEST_CASE("the state begins anew where another recording does", "[data]") {
  const StreamWindows<double> data(counted(11), counted(11), 2, 2, {}, {0, 3, 7});
  CHECK(data.example(0, {}).batch.resets == std::vector<bool>{true, false, false, false});
  CHECK(data.example(1, {}).x == row({2, 7, 3, 8}));
  CHECK(data.example(1, {}).batch.resets == std::vector<bool>{false, true, true, false});
  CHECK(data.example(2, {}).batch.resets == std::vector<bool>{false, false});
  refuse([] { StreamWindows<double>(counted(3), counted(3), 1, 1, {}, {3}); },
         "StreamWindows: a start is column 3, the series has 3");
}

TEST_CASE("a forecast's targets are not what is known ahead", "[data]") {
  const Matrix<double> series = Matrix<double>::Random(3, 30);
  const auto make = [&](ForecastOptions options) {
    options.past = 4;
    options.horizon = 2;
    return ForecastWindows<double>({series}, 1, options);
  };
  CHECK(make({.known_ahead = {2}}).options().targets == std::vector<Index>{0, 1});
  CHECK(make({}).options().targets == std::vector<Index>{0, 1, 2});
  refuse([&] { make({.targets = {0, 2}, .known_ahead = {2}}); },
         "ForecastWindows: row 2 is a target and known ahead: a model would be given what it shall tell");
  refuse([&] { make({.targets = {0, 0}}); }, "ForecastWindows: targets names row 0 twice");
  refuse([&] { make({.known_ahead = {0, 1, 2}}); },
         "ForecastWindows: all rows are known ahead, none is left as a target");
}

TEST_CASE("a part of a split that was asked for has a step", "[data]") {
  const Matrix<double> rows_are_time = Matrix<double>::Zero(100, 2);
  refuse([&] { split_by_time(rows_are_time, 0.15, 0.15); },
         "split_by_time: of 2 steps (columns of x) none is left for the validation, 0.15, or the test, 0.15");
  CHECK(split_by_time(Matrix<double>(Matrix<double>::Zero(1, 10)), 0.1, 0).validation.cols() == 1);
}

TEST_CASE("examples that go on from one another keep their order", "[data]") {
  const StreamWindows<double> windows(Matrix<double>::Zero(1, 40), Matrix<double>::Zero(1, 40), 2, 4);
  std::vector<Example<double>> all;
  for (Index k = 0; k < windows.batches(); ++k) all.push_back(windows.example(k, {}));
  REQUIRE(all[1].batch.continues);
  CHECK(Examples(all).order(7) == std::vector<Index>{0, 1, 2, 3, 4});
  for (auto& one : all) one.batch.continues = false;
  CHECK(Examples(all).order(7) != std::vector<Index>{0, 1, 2, 3, 4});
}

TEST_CASE("examples that are made already come in an order of each epoch's own", "[data]") {
  const Examples data(std::vector<std::string>{"a", "b", "c", "d", "e"});
  CHECK(data.batches() == 5);
  const auto all = [&](const std::vector<Index>& order) {
    std::string text;
    for (Index k = 0; k < data.batches(); ++k) text += data.example(k, order);
    return text;
  };
  CHECK(all(data.order(std::nullopt)) == "abcde");
  std::string drawn = all(data.order(1));
  CHECK(drawn != "abcde");
  CHECK(drawn != all(data.order(2)));
  std::sort(drawn.begin(), drawn.end());
  CHECK(drawn == "abcde");
}

TEST_CASE("a split by time takes the last steps for the test, those before for validation", "[data]") {
  const auto split = split_by_time(counted(20), 0.2, 0.1, 2);
  CHECK(split.training == counted(14));
  CHECK(split.validation == counted(4, 14));
  CHECK(split.test == counted(2, 18));
  CHECK(split_by_time(counted(3), 0, 0).training == counted(3));
  refuse([] { split_by_time(counted(9), 0.5, 0.5); },
         "split_by_time: validation is 0.5 and test 0.5, expected shares whose sum is less than 1");
  refuse([] { split_by_time(counted(1), 0, 0.9); }, "split_by_time: of 1 steps none is left to train on");
  refuse([] { split_by_time(counted(9), 0, 0, 2); },
         "split_by_time: x has 9 columns, expected a multiple of the batch size 2");
}

TEST_CASE("a window's x are the steps before its target, and what is known of the target's", "[data]") {
  const ForecastWindows<double> data({two_rows(7)}, 2,
                                     {.past = 2, .horizon = 3, .stride = 2, .targets = {0}, .known_ahead = {1}});
  CHECK(targets_of(data) == std::vector<Index>{2, 4});
  const Example<double> both = data.example(0, {1, 0});
  Matrix<double> x(5, 4), target(3, 2);
  x << 2, 0, 3, 1, 102, 100, 103, 101,  // the step itself, of two samples side by side
      103, 101, 104, 102, 104, 102, 105, 103, 105, 103, 106, 104;
  target << 4, 2, 5, 3, 6, 4;
  CHECK(both.x == x);
  CHECK(both.target == target);
  CHECK(both.batch.size == 2);
  CHECK(both.weights.empty());

  const ForecastWindows<double> all({two_rows(4), two_rows(5, 50)}, 2, {.past = 2, .horizon = 2},
                                    {two_rows(4), two_rows(5, 7)});
  CHECK(targets_of(all) == std::vector<Index>{2, 2, 3});
  CHECK(all.batches() == 2);
  CHECK(all.order(1) == shuffled(3, 1));
  CHECK(all.example(1, all.order({})).target == Eigen::Vector4d(53, 153, 54, 154));
  CHECK(all.example(1, all.order({})).weights == std::vector<double>{10, 110, 11, 111});
  CHECK(all.example(0, all.order({})).weights == std::vector<double>{2, 102, 3, 103, 9, 109, 10, 110});
}

TEST_CASE("no window learns from a number that a later part asks for", "[data]") {
  const auto twice = [](Index cols) {
    Matrix<double> rows(2, cols);
    rows << counted(cols), counted(cols);
    return rows;
  };
  for (const Index stride : {1, 2, 3}) {
    const ForecastWindows<double> windows({twice(40), twice(20)}, 64,
                                          {.past = 5, .horizon = 3, .stride = stride, .known_ahead = {1}});
    const auto split = split_by_time(windows, 0.25, 0.2);
    // The parts begin where those of the series do: at 22 and 32 of 40, at 11 and 16 of 20.
    const auto numbers = [&](const ForecastWindows<double>& part, Index series) {
      std::set<double> seen;
      for (const auto& window : part.windows())
        if (window.series == series)
          for (Index h = 0; h < 3; ++h) seen.insert(static_cast<double>(window.target + h));
      return seen;
    };
    for (const Index series : {0, 1}) {
      const double scale = series == 0 ? 1 : 0.5;
      CHECK(*numbers(split.training, series).rbegin() < 22 * scale);
      CHECK(*numbers(split.validation, series).begin() == 22 * scale);
      CHECK(*numbers(split.validation, series).rbegin() < 32 * scale);
      CHECK(*numbers(split.test, series).begin() == 32 * scale);
    }
    const Example<double> learned = split.training.example(0, split.training.order({}));
    CHECK(learned.x.maxCoeff() == learned.target.maxCoeff());  // what is known ahead reaches no further
    CHECK(learned.target.maxCoeff() < 22);
  }
  const ForecastWindows<double> windows({counted(20)}, 4, {.past = 5, .horizon = 3});
  CHECK(split_by_time(windows, 0, 0).training.windows().size() == windows.windows().size());
  CHECK(split_by_time(windows, 0, 0).test.batches() == 0);
  refuse([&] { split_by_time(windows, 0.1, 0.2); },
         "split_by_time: the longest validation part has 2 steps, expected at least 3");
  refuse([&] { split_by_time(windows, 0.2, 0.1); },
         "split_by_time: the longest test part has 2 steps, expected at least 3");
  refuse([&] { split_by_time(windows, 0.5, 0.15); },
         "split_by_time: the longest training part has 7 steps, expected at least 8");
  refuse([&] { split_by_time(windows, 0.5, 0.5); },
         "split_by_time: validation is 0.5 and test 0.5, expected shares whose sum is less than 1");
}

TEST_CASE("a part of a part of windows holds none of the steps around it", "[data]") {
  const auto targets = [](const ForecastWindows<double>& part, Index series) {
    std::vector<Index> steps;
    for (const auto& window : part.windows())
      if (window.series == series) steps.push_back(window.target);
    return steps;
  };
  using Steps = std::vector<Index>;
  const ForecastWindows<double> windows({counted(40), counted(20)}, 64, {.past = 2, .horizon = 2});
  const auto outer = split_by_time(windows, 0.25, 0.25);  // at 20 and 30 of 40, at 10 and 15 of 20
  const auto inner = split_by_time(outer.training, 0.25, 0.25);
  CHECK(targets(inner.validation, 0) == Steps{10, 11, 12, 13});
  CHECK(targets(inner.test, 0) == Steps{15, 16, 17, 18});
  CHECK(targets(inner.training, 1) == Steps{2});  // 4 steps
  CHECK(targets(inner.test, 1) == Steps{7, 8});
  const auto late = outer.test.within([](Index steps) { return std::pair(steps - 4, steps); });
  CHECK(targets(late, 0) == Steps{36, 37, 38});
  CHECK(targets(late, 1) == Steps{16, 17, 18});

  // A series may be shorter than what is asked for.
  const auto first = windows.within([](Index) { return std::pair(Index(-3), Index(22)); });
  CHECK(targets(first, 0).back() == 20);
  CHECK(targets(first, 1) == targets(windows, 1));
  CHECK(windows.within([](Index) { return std::pair(Index(25), Index(50)); }).windows().front().target == 25);
  CHECK(windows.within([](Index) { return std::pair(Index(9), Index(3)); }).windows().empty());
}

TEST_CASE("windows refuse what is too short, and rows and weights that are not there", "[data]") {
  using Windows = ForecastWindows<double>;
  refuse([] { Windows({counted(9), counted(7)}, 1, {.past = 5, .horizon = 3}); },
         "ForecastWindows: series 1 has 7 steps, expected at least past 5 and horizon 3");
  refuse([] { Windows({counted(9)}, 1, {.past = 5, .horizon = 0}); },
         "ForecastWindows: past is 5, horizon 0, stride 1, expected at least 1 of each");
  refuse([] { Windows({counted(9)}, 0, {}); }, "ForecastWindows: batch_size is 0, expected at least 1");
  refuse([] { Windows({}, 1, {}); }, "ForecastWindows: there is no series");
  refuse([] { Windows({counted(9), two_rows(9)}, 1, {}); }, "ForecastWindows: series 1 has 2 rows, series 0 has 1");
  refuse([] { Windows({counted(9)}, 1, {.targets = {1}}); }, "ForecastWindows: targets names row 1, expected 0 to 0");
  refuse([] { Windows({counted(9)}, 1, {.known_ahead = {0, -1}}); },
         "ForecastWindows: known_ahead names row -1, expected 0 to 0");
  refuse([] { Windows({counted(9)}, 1, {}, {counted(8)}); }, "ForecastWindows: weights 0 are 1 x 8, expected 1 x 9");
  refuse([] { Windows({counted(9)}, 1, {}, {counted(9), counted(9)}); }, "ForecastWindows: 2 weights for 1 series");
}

TEST_CASE("gaps are filled from the past, and what was known is told", "[data]") {
  const double gap = std::numeric_limits<double>::quiet_NaN();
  Matrix<double> series(2, 5);
  series << gap, gap, 1, gap, 2, 3, gap, gap, 4, gap;
  Matrix<double> known(2, 5), filled(2, 5);
  known << 0, 0, 1, 0, 1, 1, 0, 0, 1, 0;
  filled << 1, 1, 1, 1, 2, 3, 3, 3, 4, 4;
  CHECK(fill_gaps(series) == known);
  CHECK(series == filled);
  series.row(1).setConstant(gap);
  series(0, 0) = gap;
  refuse([&] { fill_gaps(series); }, "fill_gaps: row 1 has no number in 5 columns");
  CHECK(std::isnan(series(0, 0)));  // a refusal changes nothing
}

TEST_CASE("whole numbers of any type are tokens, and each text's next tokens its target", "[data]") {
  CHECK(token_row<double>(std::vector<int>{3, 0, 4}, 5) == row({3, 0, 4}));
  CHECK(token_row<double>(std::string("\1\2"), 3) == row({1, 2}));
  CHECK(token_row<float>(std::vector<std::uint32_t>{(1u << 24) - 2}, (1 << 24) - 1)(0, 0) == 16777214.0f);
  refuse([] { token_row<float>(std::vector<int>{0, -1}, 5); },
         "token_row: token 1 is -1, expected a number from 0 to 4");
  refuse([] { token_row<float>(std::vector<std::uint64_t>{~std::uint64_t(0)}, 5); },
         "token_row: token 0 is 18446744073709551615, expected a number from 0 to 4");
  refuse([] { token_row<float>(std::vector<int>{0}, 1 << 24); }, "token_row: 16777216 tokens, expected 1 to 16777215");
  const auto data = next_tokens<double>(std::vector<std::vector<int>>{{1, 2, 3}, {4, 0}}, 5, 2);
  CHECK(data.example(0, {0, 1}).x == row({1, 4, 2, 0}));
  CHECK(data.example(0, {0, 1}).target == row({2, 0, 3, 0}));
  CHECK(data.example(0, {0, 1}).batch.lengths == std::vector<Index>{2, 1});
  refuse([] { next_tokens(std::vector<std::vector<int>>{{1, 2}, {3}}, 5, 1); },
         "next_tokens: text 1 has 1 tokens, expected at least 2");
  refuse([] { next_tokens(std::vector<std::vector<int>>{{1, 2}, {3, 5}}, 5, 1); },
         "next_tokens: text 1: token 1 is 5, expected a number from 0 to 4");
}

TEST_CASE("texts of tokens have a class each, or one at every token", "[data]") {
  using Texts = std::vector<std::vector<int>>;
  const auto of_texts = token_sequences<double>(Texts{{1, 2, 3}, {4}}, 5, Texts{{1}, {0}}, 2, 2);
  CHECK(of_texts.example(0, {1, 0}).x == row({4, 1, 0, 2, 0, 3}));
  CHECK(of_texts.example(0, {1, 0}).target == row({0, 1}));
  const auto of_tokens = token_sequences<double>(Texts{{1, 2}, {4}}, 5, Texts{{1, 0}, {1}}, 2, 2);
  CHECK(of_tokens.example(0, {0, 1}).target == row({1, 1, 0, 0}));
  refuse([] { token_sequences(Texts{{1, 2}}, 5, Texts{{1, 2}}, 2, 1); },
         "token_sequences: target 0: token 1 is 2, expected a number from 0 to 1");
  refuse([] { token_sequences(Texts{{1, 2}}, 2, Texts{{1, 0}}, 2, 1); },
         "token_sequences: text 0: token 1 is 2, expected a number from 0 to 1");
  refuse([] { token_sequences(Texts{{1, 2}}, 3, Texts{}, 2, 1); }, "Sequences: 0 targets for 1 sequences");
}

TEST_CASE("a model that tells some of the features needs the way back of these alone", "[data]") {
  Random random(1);
  Matrix<double> x(4, 20);
  set_uniform(x, 5, random);
  const Standardizer<double> unit(x), some = unit.rows({2, 0});
  CHECK(some.invert(unit.apply(x)(std::vector<Index>{2, 0}, Eigen::all))
            .isApprox(x(std::vector<Index>{2, 0}, Eigen::all)));
  CHECK(unit.rows({}).mean.size() == 0);
  refuse([&] { unit.rows({0, 4}); }, "Standardizer::rows: there is no row 4 of 4");
  refuse([&] { unit.rows({-1}); }, "Standardizer::rows: there is no row -1 of 4");
}

TEST_CASE("a standardizer gives mean 0 and deviation 1, and the way back", "[data]") {
  Matrix<double> x(3, 4);
  x << 1, 2, 3, 4, 10, 10, 30, 30, 0.1, 0.1, 0.1, 0.1;
  Standardizer<double> unit(x);
  CHECK(unit.mean == Eigen::Vector3d(2.5, 20, 0.1));
  CHECK(unit.scale == Eigen::Vector3d(std::sqrt(1.25), 10, 1));
  const Matrix<double> z = unit.apply(x);
  CHECK(z.row(1) == row({-1, -1, 1, 1}));
  CHECK(z.row(2) == row({0, 0, 0, 0}));
  CHECK((unit.invert(z) - x).cwiseAbs().maxCoeff() <= 1e-15);
  std::vector<std::string> names;
  Standardizer<double>::visit([&](const std::string& name, auto&) { names.push_back(name); }, "input.", unit);
  CHECK(names == std::vector<std::string>{"input.mean", "input.scale"});

  refuse([&] { unit.apply(x.topRows(2)); }, "Standardizer::apply: given 2 rows, expected 3");
  refuse([&] { Standardizer<double>(x.leftCols(0)); }, "Standardizer: feature 0 has no number");
  const Standardizer<double> of_one(x.leftCols(1));
  CHECK(of_one.mean == x.col(0));
  CHECK(of_one.scale == Eigen::Vector3d(1, 1, 1));
  x.row(0) *= 1e-170;  // whose squares are 0
  CHECK(Standardizer<double>(x).scale[0] == Approx(std::sqrt(1.25) * 1e-170));
  for (int k = 0; k < 2; ++k) x.row(0) *= 1e170;  // and infinite
  CHECK(Standardizer<double>(x).scale[0] == Approx(std::sqrt(1.25) * 1e170));
  refuse([] { Standardizer<double>{row({1e308, 1e308})}; }, "Standardizer: the sum of feature 0 is inf");
  Matrix<float> least = Matrix<float>::Zero(1, 8);
  least(0, 7) = std::numeric_limits<float>::denorm_min();  // whose deviation is 0 in float
  CHECK(Standardizer<float>(least).apply(least).allFinite());
  x(1, 2) = std::numeric_limits<double>::infinity();
  refuse([&] { Standardizer<double>{x}; }, "Standardizer: feature 1 is inf in column 2");
  x(0, 0) = std::numeric_limits<double>::quiet_NaN();
  refuse([&] { Standardizer<double>{x}; },
         "Standardizer: feature 0 is nan in column 0; {.skip_nan = true} leaves it out");
}

TEST_CASE("a feature that changes by rounding alone is as one that never changes", "[data]") {
  Matrix<double> x(3, 4);
  x << 0.1, 1 - 0.9, 0.3 - 0.2, 1.1 - 1, -0.3, -(0.1 + 0.2), -3 * 0.1, -0.3, 1, 1 + 1e-14, 1, 1 + 1e-14;
  const Standardizer<double> unit(x);
  CHECK(unit.mean.head(2) == x.col(0).head(2));
  CHECK(unit.scale.head(2) == Eigen::Vector2d(1, 1));
  CHECK(unit.apply(x).topRows(2).cwiseAbs().maxCoeff() < 1e-15);
  CHECK(unit.scale[2] == Approx(5e-15).epsilon(0.01));
  Matrix<double> many = Matrix<double>::Constant(1, 1000000, 0.1);
  many(0, 0) = 1 - 0.9;
  CHECK(Standardizer<double>(many).scale[0] == 1);
  const Matrix<float> floats{{0.1f, 1 - 0.9f, 0.3f - 0.2f, 0.1f}};
  CHECK(Standardizer<float>(floats).scale[0] == 1);
  const Matrix<float> counts{{16000000, 16000010, 16000020, 16000030}};
  CHECK(Standardizer<float>(counts).scale[0] == Approx(std::sqrt(125)));
}

TEMPLATE_TEST_CASE("a standardizer comes back from the ends of its numbers' range, or refuses them", "[data]", float,
                   double) {
  const TestType most = (std::numeric_limits<TestType>::max)(), part = most * TestType(0.9);
  Matrix<TestType> x(1, 4);
  x << part, -part, part, -part;
  const Standardizer<TestType> unit(x);
  CHECK(unit.mean[0] == 0);
  CHECK(unit.scale[0] == Approx(part));
  CHECK(unit.apply(x).isApprox(x / part));
  CHECK(unit.invert(unit.apply(x)).isApprox(x));
  x << part, -part, 0, part;  // -part is 1.1 of the most from the mean
  CHECK_THROWS_WITH(Standardizer<TestType>(x),
                    contains_text("Standardizer: a number of feature 0 is ") &&
                        contains_text(" from the mean, expected at most " + detail::text(most)));
}

TEST_CASE("a standardizer takes several series, and leaves out what is missing", "[data]") {
  const double missing = std::numeric_limits<double>::quiet_NaN();
  Matrix<double> whole(2, 5);
  whole << 1, 2, 3, 4, 10, 5, 5, 5, 5, 5;
  const Standardizer<double> unit(whole);
  const Standardizer<double> of_parts(std::vector<Matrix<double>>{whole.leftCols(2), whole.rightCols(3)});
  CHECK(of_parts.mean == unit.mean);
  CHECK(of_parts.scale == unit.scale);

  Matrix<double> holed(2, 8);
  holed << missing, 1, 2, missing, 3, 4, 10, missing, 5, missing, 5, 5, 5, 5, missing, missing;
  const Standardizer<double> of_known(holed, {.skip_nan = true});
  CHECK(of_known.mean == unit.mean);
  CHECK(of_known.scale == unit.scale);
  CHECK(std::isnan(of_known.apply(holed)(0, 0)));
  holed.row(1).setConstant(missing);
  refuse([&] { Standardizer<double>(holed, {.skip_nan = true}); }, "Standardizer: feature 1 has no number");
  refuse([] { Standardizer<double>(std::vector<Matrix<double>>{}); }, "Standardizer: there is no series");
  refuse([&] { Standardizer<double>(std::vector<Matrix<double>>{whole, whole.topRows(1)}); },
         "Standardizer: a series has 1 rows, the first one 2");
}

TEST_CASE("a standardizer works in place, and one that changes nothing may be loaded into", "[data]") {
  Matrix<float> x(3, 4);
  Random random(1);
  set_uniform(x, 3, random);
  const Standardizer<float> unit(x);
  const Matrix<float> z = unit.apply(x);
  Vector<float> column = x.col(1);
  unit.apply(column, column);
  CHECK(column == z.col(1));
  Matrix<float> back = z;
  unit.invert(z, back);
  CHECK(back == unit.invert(z));
  unit.invert(column, column);
  CHECK(column == back.col(1));
  CHECK(Standardizer<float>::identity(3).apply(x) == x);
  CHECK(Standardizer<float>::identity(3).invert(x) == x);
  refuse([&] { unit.apply(x, column); }, "Standardizer::apply: the result is 3 x 1, expected 3 x 4");
}
