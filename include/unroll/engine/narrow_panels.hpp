#pragma once

#include <cmath>
#include <cstring>

#include "unroll/engine/panels.hpp"

/// Weights in fewer bits, for one column at a time: as many steps of k as fit share a word, and each is unpacked to a
/// float before it is multiplied.
namespace unroll::detail {

template <class Weight>
inline constexpr int per_word = 4 / static_cast<int>(sizeof(Weight));

template <class Weight>
struct NarrowBlocks {
  const std::uint32_t* data;
  Index count;     ///< of blocks
  Index stride;    ///< from block to block
  Index k_stride;  ///< from word to word
  Index first = 0;
};

template <class Weight, int Gates, int Units>
EIGEN_DONT_INLINE void run_narrow_tile(const NarrowBlocks<Weight>& a, const Columns<float>& b,
                                       const Sums<const float>& from, const Sums<float>& to, Index block) {
  using P = Pack<float>;
  constexpr int many = per_word<Weight>;
  const std::uint32_t* words = a.data + block * a.stride;
  const float* x = b.data;
  const auto with_indices = [&]<int... R>(std::integer_sequence<int, R...>) {
    const auto place = [&](const auto& sums, int r) {
      return sums.data + (block + r / Gates) * sums.block_stride + r % Gates * sums.gate_stride;
    };
    const auto count = [&](int r) { return to.units - (block + r / Gates) * P::size; };
    P sum[] = {P::load(place(from, R), count(R))...};
    const auto add = [&]<int j>(std::integral_constant<int, j>) {
      const P value(x[j]);
      ((sum[R] = multiply_add(P::unpack<Weight, j>(words + R / Gates * a.stride + R % Gates * P::size), value, sum[R])),
       ...);
    };
    const auto add_first = [&]<int... J>(std::integer_sequence<int, J...>, Index left) {
      ((J < left ? add(std::integral_constant<int, J>()) : void()), ...);
    };
    constexpr auto all = std::make_integer_sequence<int, many>();
    Index k = 0;
    for (; k + many <= b.runs.length; k += many, x += many, words += a.k_stride) add_first(all, many);
    if (k < b.runs.length) add_first(all, b.runs.length - k);
    (sum[R].store(place(to, R), count(R)), ...);
  };
  with_indices(std::make_integer_sequence<int, Gates * Units>());
}

/// to = from + a b for one column; done(block, blocks, 0, 1) when a tile's sums are in place.
template <int Gates, class Scalar, class Weight, class Done>
void multiply(const NarrowBlocks<Weight>& a, const Columns<Scalar>& b, const Sums<const Scalar>& from,
              const Sums<Scalar>& to, Done done, bool backwards = false) {
  constexpr int units = Tiles<Scalar, Gates>::units_of_one;
  for_each_part(
      a.count, units,
      [&](Index block, Index blocks) {
        block += a.first;
        const auto run = [&]<int... U>(std::integer_sequence<int, U...>) {
          ((blocks == U + 1 ? run_narrow_tile<Weight, Gates, U + 1>(a, b, from, to, block) : void()), ...);
        };
        run(std::make_integer_sequence<int, units>());
        done(block, blocks, 0, 1);
      },
      backwards);
}

/// The scales of rows in int8, from their largest magnitudes; 1 where a row is zero.
inline Vector<float> scales_of(const Vector<float>& largest) {
  return (largest.array() > 0).select(largest / 127.0f, Vector<float>::Ones(largest.size()));
}

/// Panels of weights in fewer bits, bfloat16 or int8.
template <class Weight>
class NarrowPanels {
 public:
  Index depth() const { return depth_; }
  NarrowBlocks<Weight> blocks() const { return {data_.data(), blocks_, words_ * gates_ * lanes, gates_ * lanes}; }

  /// As Panels::pack_rows; each row is divided by its scale and rounded to the nearest.
  void pack_rows(const Matrix<float>& weight, Index units, int first_gate, int gates, const Vector<float>& scale) {
    gates_ = gates;
    blocks_ = block_count<float>(units);
    depth_ = weight.cols();
    words_ = (depth_ + many - 1) / many;
    data_.setZero(blocks_ * words_ * gates * lanes);
    for (Index k = 0; k < depth_; ++k)
      for (Index gate = 0; gate < gates; ++gate)
        for (Index unit = 0; unit < units; ++unit) {
          const Index row = (first_gate + gate) * units + unit;
          const float value = weight(row, k) / scale[row];
          const Weight rounded = static_cast<Weight>(std::is_integral_v<Weight> ? std::round(value) : value);
          std::conditional_t<sizeof(Weight) == 2, std::uint16_t, std::uint8_t> bits;
          std::memcpy(&bits, &rounded, sizeof bits);
          data_[((unit / lanes * words_ + k / many) * gates + gate) * lanes + unit % lanes] |=
              static_cast<std::uint32_t>(bits) << (k % many * 8 * static_cast<Index>(sizeof bits));
        }
  }

 private:
  static constexpr Index lanes = Pack<float>::size;
  static constexpr Index many = per_word<Weight>;

  Vector<std::uint32_t> data_;
  Index gates_ = 0;
  Index blocks_ = 0;
  Index depth_ = 0;
  Index words_ = 0;  // along k
};

template <class Scalar, class Weight>
using PanelsOf = std::conditional_t<std::is_same_v<Scalar, Weight>, Panels<Scalar>, NarrowPanels<Weight>>;

}  // namespace unroll::detail
