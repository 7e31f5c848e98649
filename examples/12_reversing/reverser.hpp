#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <unroll/unroll.hpp>
#include <vector>

#include "attention.hpp"

/// What the reverser learns from: `size` strings of one length as numbers of letters, side by side, 1 x (T*B) each.
template <class Scalar>
struct Strings {
  unroll::Index size;
  unroll::Matrix<Scalar> forwards;   // what the encoder reads
  unroll::Matrix<Scalar> before;     // what the decoder reads: a mark, then the letters it should have said so far
  unroll::Matrix<Scalar> backwards;  // what it should say
};

/// A data source: strings of random letters, of 1 to `longest` letters, drawn anew for every epoch.
template <class Scalar>
struct RandomStrings {
  unroll::Index letters, longest, size, count;

  unroll::Index batches() const { return count; }
  /// Not an order but what the epoch's strings are drawn from.
  std::vector<unroll::Index> order(std::optional<std::uint64_t> seed) const {
    return {static_cast<unroll::Index>(unroll::Random(seed.value_or(0)).bits() >> 1)};
  }
  Strings<Scalar> example(unroll::Index k, const std::vector<unroll::Index>& order) const {
    auto random = unroll::Random::substream(static_cast<std::uint64_t>(order[0]), static_cast<std::uint64_t>(k));
    const auto below = [&](unroll::Index n) { return std::floor(random.uniform() * static_cast<double>(n)); };
    const auto steps = static_cast<unroll::Index>(1 + below(longest));
    unroll::Matrix<Scalar> drawn(1, steps * size);
    for (Scalar& letter : drawn.reshaped()) letter = static_cast<Scalar>(below(letters));
    return strings(drawn, size);
  }
  Strings<Scalar> strings(const unroll::Matrix<Scalar>& drawn, unroll::Index batch) const {
    Strings<Scalar> s{batch, drawn, drawn, drawn};
    const unroll::Index steps = drawn.cols() / batch;
    for (unroll::Index t = 0; t < steps; ++t)
      s.backwards.middleCols(t * batch, batch) = drawn.middleCols((steps - 1 - t) * batch, batch);
    s.before.leftCols(batch).setConstant(static_cast<Scalar>(letters));
    s.before.rightCols((steps - 1) * batch) = s.backwards.leftCols((steps - 1) * batch);
    return s;
  }
};

/// An encoder, a decoder that starts from the encoder's last state, and a head that looks back at all that the encoder
/// gave. It is no Layer, for it reads two sequences; to be trained it shows its parameters and no more.
template <class Scalar_>
struct Reverser {
  using Scalar = Scalar_;
  using Reader = unroll::Sequential<unroll::Embedding<Scalar>, unroll::Lstm<Scalar>>;
  Reader encoder, decoder;
  AttentionHead<Scalar> head;

  Reverser(unroll::Index letters, unroll::Index hidden, unroll::Random& random)
      : encoder(reader(letters, hidden, random)),
        decoder(reader(letters + 1, hidden, random)),
        head(hidden, letters, random) {}

  template <class F, class... Models>
  static void children(F&& f, const std::string& prefix, Models&... models) {
    f(prefix + "encoder.", models.encoder...);
    f(prefix + "decoder.", models.decoder...);
    f(prefix + "head.", models.head...);
  }
  template <class F, class... Models>
  static void visit(F&& f, const std::string& prefix, Models&... models) {
    children(unroll::visit_of_each(f), prefix, models...);
  }

 private:
  static Reader reader(unroll::Index tokens, unroll::Index hidden, unroll::Random& random) {
    return Reader{unroll::Embedding<Scalar>(tokens, 32, random), unroll::Lstm<Scalar>(32, hidden, random)};
  }
};

/// The objective of teacher forcing: the cross-entropy of each letter, after those that should stand before it.
template <class Scalar>
struct TeacherForcing {
  using Model = Reverser<Scalar>;
  typename Model::Reader::Tape encoded = {}, decoded = {};
  typename AttentionHead<Scalar>::Tape looked = {};
  unroll::Matrix<Scalar> d_y = {};

  unroll::ExampleLoss operator()(const Model& model, const Strings<Scalar>& s, unroll::ObjectivePass<Model>& pass,
                                 Model* gradient) {
    const unroll::Batch batch{.size = s.size};
    const auto keys = model.encoder.forward(s.forwards, encoded, batch, {}, pass.forward);
    const auto queries = model.decoder.forward(s.before, decoded, batch, encoded.final_state, pass.forward);
    const auto y = model.head.forward(keys, queries, looked, batch);
    const double loss = unroll::softmax_cross_entropy(y, s.backwards, d_y, batch);
    if (gradient) {
      model.head.backward(keys, queries, d_y, looked, gradient->head);
      model.decoder.backward(s.before, looked.d_queries, decoded, gradient->decoder, pass.backward);
      model.encoder.backward(s.forwards, looked.d_keys, encoded, gradient->encoder, pass.backward, decoded.d_initial);
    }
    return {loss, unroll::softmax_cross_entropy.count(s.backwards, batch)};
  }
};
