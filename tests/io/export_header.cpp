// Alone, because a header that we write needs no other.
#include "io/exported_mixed.hpp"
// The rest.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <type_traits>

#include "catch.hpp"
#include "core/flat.hpp"
#include "io/exported_both.hpp"
#include "io/exported_models.hpp"
#include "io/exported_paths.hpp"
#include "io/files.hpp"
#include "unroll/io/export_header.hpp"

namespace before {
#include "data/before/mixed.hpp"
}

using namespace unroll;

namespace {

template <class Model>
std::string exported(const Model& model, const std::string& name) {
  std::ostringstream out;
  export_header(model, name, out);
  return out.str();
}

/// The header beside this file. UNROLL_WRITE=1 in the environment makes it anew.
template <class Model>
void same_as_committed(const Model& model, const std::string& name) {
  const std::filesystem::path path = UNROLL_TEST_DATA "/../io/exported_" + name + ".hpp";
  if (std::getenv("UNROLL_WRITE")) export_header(model, name, path);
  CHECK(exported(model, name) == read_bytes(path));
}

template <class Scalar>
std::string bytes(const Matrix<Scalar>& matrix) {
  return {reinterpret_cast<const char*>(matrix.data()), static_cast<std::size_t>(matrix.size()) * sizeof(Scalar)};
}

template <class Model>
Matrix<typename Model::Scalar> run(const Model& model, const Matrix<typename Model::Scalar>& x) {
  typename Model::Tape tape;
  return model.forward(x, tape, {.size = 2});
}

}  // namespace

TEST_CASE("the headers that this test was compiled with are what is written now", "[export_header]") {
  same_as_committed(mixed_model(), "mixed");
  same_as_committed(both_model(), "both");
  same_as_committed(paths_model(), "paths");
}

TEST_CASE("an exported model without weights has no empty array", "[export_header]") {
  CHECK_THAT(exported(Sequential{Tanh<float>(), Sigmoid<float>()}, "rules"), !contains_text("weights"));
}

TEST_CASE("an exported model has its sizes at compile time", "[export_header]") {
  STATIC_REQUIRE(
      std::is_same_v<mixed::Model, Sequential<Sequential<Lstm<float, 3, 4>, Lstm<float, 4, 4>>, Gru<float, 4, 3>,
                                              OriginalGru<float, 3, 2>, ProjectedLstm<float>, Dense<float, 2, 2>>>);
  CHECK(std::get<1>(both::model().layers).merge == Merge::sum);
  CHECK(std::get<1>(both::model().layers).reverse_layer.unrolling.readout == Readout::mean);
}

TEST_CASE("an exported model gives the same bits", "[export_header]") {
  Random random(3);
  Matrix<float> x(3, 2 * 7);
  set_uniform(x, 2, random);
  const auto original = mixed_model();
  const auto copy = mixed::model();
  CHECK(flat(copy) == flat(original));
  CHECK(std::signbit(std::get<4>(copy.layers).bias[0]));
  const Matrix<float> y = run(original, x);
  CHECK(y.norm() > 0);
  CHECK(bytes<float>(run(copy, x)) == bytes(y));
  Stream a(original);
  Stream b(copy);
  for (Index t = 0; t < x.cols(); ++t) REQUIRE(bytes<float>(a.step(x.col(t))) == bytes<float>(b.step(x.col(t))));

  const Matrix<float> samples = x.topRows(1);
  const Matrix<float> around = run(paths_model(), samples);
  CHECK(bytes<float>(run(paths::model(), samples)) == bytes(around));
  CHECK(around.norm() > 0);
  Stream streamed(paths::model());
  for (Index t = 0; t < 7; ++t)
    CHECK(bytes<float>(streamed.step(samples(0, 2 * t))) == bytes<float>(around.col(2 * t)));
  const Parallel parallel(paths_model(), std::make_shared<ThreadPool>(1));
  CHECK(exported(parallel, "paths") == exported(paths_model(), "paths"));

  Matrix<double> tokens(1, 2 * 5);
  tokens << 0, 4, 1, 3, 2, 2, 0, 1, 4, 3;
  CHECK(bytes<double>(run(both::model(), tokens)) == bytes<double>(run(both_model(), tokens)));
}

TEST_CASE("a header that was written before 0.1.0 gives the bits that it gave then", "[export_header]") {
  Matrix<float> x(3, 2 * 5), fused(2, 2 * 5), apart(2, 2 * 5);
  for (Index i = 0; i < x.size(); ++i) x.data()[i] = static_cast<float>(i % 11 - 5) / 8;
  const std::array<float, 20> with_fma{-0x1.dc1fd2p-4, -0x1.b173f6p-4, -0x1.db9e84p-4, -0x1.b0819ep-4, -0x1.61f458p-3,
                                       -0x1.5d4f3ep-3, -0x1.615bf2p-3, -0x1.5c2e3ep-3, -0x1.a369aap-3, -0x1.b6be7p-3,
                                       -0x1.a2aedp-3,  -0x1.b5434cp-3, -0x1.c931bap-3, -0x1.f1d34cp-3, -0x1.c84a9ep-3,
                                       -0x1.f070d4p-3, -0x1.df002p-3,  -0x1.0bf3cep-2, -0x1.de9988p-3, -0x1.0bc33cp-2};
  const std::array<float, 20> without_fma{
      -0x1.dc1fd2p-4, -0x1.b173f6p-4, -0x1.db9e84p-4, -0x1.b0819ep-4, -0x1.61f45ap-3, -0x1.5d4f42p-3, -0x1.615bf4p-3,
      -0x1.5c2e3ep-3, -0x1.a369aap-3, -0x1.b6be7p-3,  -0x1.a2aedp-3,  -0x1.b5434ep-3, -0x1.c931b6p-3, -0x1.f1d346p-3,
      -0x1.c84aap-3,  -0x1.f070d8p-3, -0x1.df001cp-3, -0x1.0bf3ccp-2, -0x1.de998cp-3, -0x1.0bc34p-2};
  std::copy(with_fma.begin(), with_fma.end(), fused.data());
  std::copy(without_fma.begin(), without_fma.end(), apart.data());
  const Matrix<float> y = run(before::mixed::model(), x);
  CAPTURE(y);
  CHECK((bytes(y) == bytes(fused) || bytes(y) == bytes(apart)));
}

TEST_CASE("what no header can hold is refused", "[export_header]") {
  Random random(1);
  Rnn<float> rnn(2, 2, random);
  for (const char* name : {"",       "1st",      "a-b",     "a b",    "a::b", "alignas", "class", "int",   "new",
                           "and_eq", "co_await", "concept", "xor_eq", "main", "std",     "std2",  "posix", "unroll",
                           "Eigen",  "NULL",     "_a1",     "_A",     "__a",  "a__b",    "\u00e4"})
    CHECK_THROWS_WITH(exported(rnn, name), contains_text("is no name for a C++ namespace"));
  for (const char* name : {"a_1", "A0", "z9", "Z_", "int_", "classes", "standard", "model", "Model"})
    CHECK_NOTHROW(exported(rnn, name));
  rnn.bias[1] = std::numeric_limits<float>::infinity();
  CHECK_THROWS_WITH(exported(rnn, "a"), contains_text("bias holds inf"));
  CHECK_THROWS_WITH(exported(Sequential{Dropout<float>(0.5)}, "a"), contains_text("no layer that does anything"));
  const Folder folder("export");
  CHECK_THROWS_AS(export_header(rnn, "a", folder / "a.hpp"), std::invalid_argument);
  CHECK(folder.count() == 0);
}
