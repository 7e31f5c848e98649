// A streaming step allocates nothing: 100,000 steps of whole models, every allocation counted.

#include "unroll/testing/allocations.hpp"

#include <cmath>
#include <cstdlib>
#include <memory>

#include "catch.hpp"
#include "unroll/unroll.hpp"

#ifdef __GLIBC__
#include <malloc.h>
#endif

using namespace unroll;
using unroll::testing::allocations;
using unroll::testing::counts_allocations;

namespace {

/// How many allocations f makes.
template <class F>
long allocations_of(F f) {
  const long before = allocations();
  f();
  return allocations() - before;
}

/// Says so where nothing is counted; a test of zero means nothing then.
bool counted() {
  if (!counts_allocations) WARN("SKIPPED: a sanitizer, or a C library other than glibc, keeps malloc for itself");
  return counts_allocations;
}

template <class Model, class Storage = Full>
void check_steps(const Model& model, Storage storage = {}) {
  using Scalar = typename Model::Scalar;
  Stream stream(model, storage);
  Stream another = stream;
  auto saved = stream.save();
  Vector<Scalar> x = Vector<Scalar>::Zero(model.input_size());
  Scalar sum = 0;
  bool restored = true;
  const long made = allocations_of([&] {
    for (int t = 0; t < 100'000; ++t) {
      x[t % x.size()] = static_cast<Scalar>(t % 7) / 7 - Scalar(0.5);
      sum += stream.step(x)[0];
      if (t % 100 == 7) stream.save(saved);
      if (t % 100 == 57) restored = stream.restore(saved) && restored;
      if (t % 1000 == 999) stream.reset();
    }
    another = stream;
    restored = another.restore({}) && restored;
  });
  CHECK(made == 0);
  CHECK(restored);
  CHECK(std::isfinite(sum));
  Stream both(model, storage, {.samples = 2});
  CHECK(allocations_of([&] { both.reset(1); }) == 0);
}

}  // namespace

TEST_CASE("the counter counts every way to allocate", "[allocations]") {
  if (!counted()) return;
  void* volatile memory = nullptr;  // volatile, so that no pair of calls is optimised away
  const auto release = [&] { std::free(memory); };
  CHECK(allocations_of([&] { memory = std::malloc(24); }) == 1);
  CHECK(allocations_of([&] { memory = std::realloc(memory, 4096); }) == 1);
  release();
  CHECK(allocations_of([&] { memory = std::calloc(3, 8); }) == 1);
  release();
  CHECK(allocations_of([&] { memory = std::aligned_alloc(64, 128); }) == 1);
  release();
  void* aligned = nullptr;
  int error = 0;
  CHECK(allocations_of([&] { error = posix_memalign(&aligned, 64, 128); }) == 1);
  CHECK(error == 0);
  memory = aligned;
  release();
  CHECK(allocations_of([&] { memory = ::operator new(24); }) == 1);
  ::operator delete(memory);
  std::unique_ptr<Matrix<float>> matrix;
  CHECK(allocations_of([&] { matrix = std::make_unique<Matrix<float>>(50, 50); }) == 2);
  CHECK(allocations_of([&] { matrix->setZero(); }) == 0);
}

TEST_CASE("a stream's making is counted, its steps are not", "[allocations]") {
  if (!counted()) return;
  Random random(1);
  const Lstm<float> layer(3, 16, random);
  CHECK(allocations_of([&] { Stream stream(layer); }) > 0);
}

TEST_CASE("weights in fewer bits allocate nothing either", "[allocations]") {
  if (!counted()) return;
  Random random(2);
  const Sequential model{Lstm<float>(3, 17, random), Dense<float>(17, 2, random)};
  check_steps(model, Bfloat16());
  check_steps(model, Float16());
  check_steps(model, Int8());
}

TEMPLATE_TEST_CASE("100,000 steps of a whole model allocate nothing", "[allocations]", float, double) {
  if (!counted()) return;
  using S = TestType;
  Random random(2);
  SECTION("sizes at run time") {
    check_steps(Sequential{Lstm<S>(3, 17, random), Gru<S>(17, 9, random), Dense<S>(9, 2, random)});
    check_steps(LayerNormLstm<S>(3, 17, random));
    check_steps(ProjectedLstm<S>(3, 17, 5, random));
    check_steps(Sequential{Conv1d<S>(3, 9, 3, random, {.dilation = 2, .groups = 3}), Gru<S>(9, 2, random)});
  }
  SECTION("sizes at compile time") {
    check_steps(Sequential{Lstm<S, 3, 16>(random), Gru<S, 16, 8>(random), Dense<S, 8, 2>(random)});
  }
  SECTION("late gates, no gates, dropout, a stack") {
    check_steps(Sequential{Stack<OriginalGru<S>>(2, 3, 9, random), Dropout<S>(0.5), Rnn<S>(9, 7, random),
                           ReluRnn<S>(7, 5, random), Dense<S>(5, 1, random)});
  }
}

TEST_CASE("a step of a column or of a number allocates nothing", "[allocations]") {
  if (!counted()) return;
  Random random(3);
  const Sequential model{Lstm<float>(1, 8, random), Dense<float>(8, 1, random)};
  Stream stream(model);
  const Matrix<float> x = Matrix<float>::Constant(1, 100, 0.5f);
  float sum = 0;
  const long made = allocations_of([&] {
    for (Index t = 0; t < x.cols(); ++t) sum += stream.step(x.col(t))[0] + stream.step(0.25f)[0];
  });
  CHECK(made == 0);
  CHECK(std::isfinite(sum));
}

TEST_CASE("a stream of several samples allocates nothing", "[allocations]") {
  if (!counted()) return;
  Random random(3);
  const Sequential model{Lstm<float>(2, 24, random), Tanh<float>(), OriginalGru<float>(24, 7, random),
                         Dense<float>(7, 2, random)};
  Stream stream(model, {.samples = 3});
  const Matrix<float> x = Matrix<float>::Constant(4, 90, 0.5f);
  float sum = 0;
  const long made = allocations_of([&] {
    for (Index t = 0; t < x.cols(); t += 3) sum += stream.step(x.block(1, t, 2, 3))[5];
  });
  CHECK(made == 0);
  CHECK(std::isfinite(sum));
}

TEST_CASE("a step of planar channels or of an expression allocates nothing", "[allocations]") {
  if (!counted()) return;
  Random random(4);
  const Sequential model{Lstm<float>(2, 8, random), Dense<float>(8, 1, random)};
  Stream stream(model), pair(model, {.samples = 2});
  const Eigen::Matrix<float, Dynamic, Dynamic, Eigen::RowMajor> planar =
      Matrix<float>::Constant(2, 100, 0.5f);  // a channel after the other
  float sum = 0;
  const long made = allocations_of([&] {
    for (Index t = 0; t + 1 < planar.cols(); ++t) {
      sum += stream.step(planar.col(t))[0] + stream.step(planar.col(t).transpose())[0];
      sum += stream.step(0.5f * planar.col(t))[0] + pair.step(planar.middleCols(t, 2))[1];
    }
  });
  CHECK(made == 0);
  const auto column = planar.col(0);
  CHECK(noexcept(stream.step(column)));
  CHECK(std::isfinite(sum));
}

TEST_CASE("a copy of a stream shares the weights", "[allocations]") {
  if (!counted()) return;
  Random random(4);
  const Gru<float> layer(3, 64, random);
  const Stream stream(layer);
  // Its states, the next ones, the gates, and what stands for x and for the result where they do not fit.
  CHECK(allocations_of([&] { const auto copy = stream; }) <= 5);
}

#ifdef __GLIBC__
#if __GLIBC_PREREQ(2, 33)
TEST_CASE("streams and predictors of one packed model share its weights", "[allocations]") {
  if (!counted()) return;
  const auto bytes = [] {
    const auto info = mallinfo2();
    return info.uordblks + info.hblkhd;
  };
  Random random(5);
  const Sequential model{Embedding<float>(2000, 64, random), Tanh<float>(),
                         Conv1d<float>(64, 64, 4, random),   Residual{Conv1d<float>(64, 64, 4, random)},
                         Lstm<float>(64, 64, random),        LayerNormLstm<float>(64, 64, random),
                         Dense<float>(64, 64, random)};
  const auto packed = pack(model);
  const auto before = bytes();
  Stream one(packed), other(packed);
  Predictor predict(packed);
  const Matrix<float> x = Matrix<float>::Constant(1, 1, 3);
  const Vector<float> y = one.step(x.col(0));
  CHECK(y == other.step(x.col(0)));
  CHECK(y == predict(x));
  CHECK(bytes() - before < 60'000);  // states and outputs; the embedding alone has 512,000 bytes, a convolution 65,536
}
#endif
#endif
