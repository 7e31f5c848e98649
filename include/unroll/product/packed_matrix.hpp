#pragma once

#include "unroll/product/blocked_matrix.hpp"

namespace unroll::inline UNROLL_TARGET::detail {

/// A matrix packed as the left factor of products, in the words of a storage (see Panels). Its rows are groups of
/// equally many units; lanes past the last unit are zero.
template <class Scalar, class Storage = Full>
class PackedMatrix {
  using Word = typename Storage::template Word<Scalar>;
  static constexpr Index per_word = Storage::per_word;

 public:
  /// The number of steps of k.
  Index depth() const { return depth_; }
  Panels<Scalar, Storage> panels() const {
    return {data_.data(), panel_count_, stride_, part_stride_, k_stride_, units_};
  }

  /// Some groups of a matrix whose rows are groups x units; k runs over its columns.
  void pack(const Matrix<Scalar>& matrix, Index units, Range groups, const Member& member = {})
    requires(per_word == 1)
  {
    member.single([&] { resize(groups.count, units, matrix.cols(), matrix.cols()); });
    on_processor<Scalar>([&]<class P>() {
      const Range mine = member.part(panel_count_);
      // In the order of the matrix, which is read from far away.
      for (Index k = 0; k < depth_; ++k)
        for (Index group = 0; group < groups.count; ++group) {
          Scalar* to = at(mine.first, group) + k * k_stride_;
          for (Index panel = mine.first; panel < mine.end(); ++panel, to += stride_)
            P::load(&matrix((groups.first + group) * units + panel * P::size, k), units - panel * P::size).store(to);
        }
    });
  }

  /// The same in a storage of fewer bits: each row is divided by its scale, of which `scales` has one a row of the
  /// groups, and encoded. Throws std::invalid_argument for numbers that are not finite, or too large for the storage.
  void pack(const Matrix<Scalar>& matrix, Index units, Range groups, const Vector<Scalar>& scales) {
    resize(groups.count, units, matrix.cols(), (matrix.cols() + per_word - 1) / per_word);
    data_.set_zero();
    const Index lanes = detail::lanes<Scalar>();
    constexpr int bits = 8 * static_cast<int>(sizeof(Word)) / per_word;
    for (Index k = 0; k < depth_; ++k)
      for (Index group = 0; group < groups.count; ++group)
        for (Index unit = 0; unit < units; ++unit) {
          const Scalar weight = matrix((groups.first + group) * units + unit, k);
          const Scalar value = weight / scales[group * units + unit];
          require(std::abs(value) <= Storage::largest, Storage::name, ": a weight is ", weight,
                  ", expected a number that fits");
          Word& word = at(unit / lanes, group)[k / per_word * k_stride_ + unit % lanes];
          word |= Storage::encode(value) << (k % per_word * bits);
        }
  }

  /// The transpose: the columns become the units, and k runs over the rows in the order of BlockedMatrix::operand.
  void pack_transposed(const Matrix<Scalar>& matrix, Index units, Range groups, const Member& member = {})
    requires(per_word == 1)
  {
    member.single([&] { resize(1, matrix.cols(), units * groups.count, units * groups.count); });
    on_processor<Scalar>([&]<class P>() {
      constexpr Index lanes = P::size;
      const Range mine = member.part(panel_count_);
      for (Index panel = mine.first; panel < mine.end(); ++panel) {
        const Index columns = (std::min)(lanes, matrix.cols() - panel * lanes);
        for (Index group = 0; group < groups.count; ++group)
          for (Index unit = 0; unit < units; unit += lanes) {
            const Index count = (std::min)(lanes, units - unit);
            Values<P, P::size> square;
            for (Index i = 0; i < lanes; ++i)
              square[i] = i < columns
                              ? P::load(&matrix((groups.first + group) * units + unit, panel * lanes + i), count)
                              : P(0);
            transpose(square);
            Scalar* to = data_.data() + panel * stride_ + (unit * groups.count + group * count) * lanes;
            for (Index i = 0; i < count; ++i, to += lanes) square[i].store(to);
          }
      }
    });
  }

 private:
  /// The first word of a panel's group.
  Word* at(Index panel, Index group) {
    return data_.data() + panel * stride_ + panels().place_of_group(group, lanes<Scalar>());
  }
  void resize(Index groups, Index units, Index depth, Index words) {
    units_ = units;
    depth_ = depth;
    panel_count_ = panel_count<Scalar>(units);
    const Index part = part_of_groups<Scalar>(groups);
    k_stride_ = part * lanes<Scalar>();
    // An odd number of packs: at a power of two panels side by side would share their cache sets.
    part_stride_ = (words * part | 1) * lanes<Scalar>();
    stride_ = groups / part * part_stride_;
    const Index size = panel_count_ * stride_;
    if (data_.size() < size) data_.resize(size);
  }

  Buffer<Word> data_;
  Index units_ = 0;
  Index depth_ = 0;
  Index panel_count_ = 0;
  Index stride_ = 0;       // from panel to panel
  Index part_stride_ = 0;  // from part to part of a panel
  Index k_stride_ = 0;     // groups of a part x lanes
};

/// The first row of a packed matrix of one group, as numbers.
template <class Scalar, class Storage>
Vector<Scalar> first_row(const Panels<Scalar, Storage>& panels, Index depth) {
  constexpr Index per_word = Storage::per_word;
  Vector<Scalar> row(depth);
  on_processor<Scalar>([&]<class P>() {
    for (Index k = 0; k < depth; k += per_word)
      unrolled<per_word>([&]<int j>() {
        const auto* words = panels.data + k / per_word * panels.k_stride;
        if (k + j < depth) row[k + j] = Storage::template decode<j, P>(words).first_lane();
      });
  });
  return row;
}

/// The sums of rows x columns outputs that lie as in a column-major matrix with `rows` rows.
template <class Scalar>
Sums<Scalar> column_sums(Scalar* data, Index rows, Index column_stride) {
  return {data, lanes<Scalar>(), 0, column_stride, rows};
}

/// Sums that start from nothing.
template <class Scalar>
Sums<const Scalar> no_sums() {
  alignas(64) static constexpr Scalar zeros[8 * 64 / sizeof(Scalar)] = {};
  return {zeros, 0, 0, 0, (std::numeric_limits<Index>::max)() / 2};
}

}  // namespace unroll::inline UNROLL_TARGET::detail
