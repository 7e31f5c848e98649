#pragma once

#include "unroll/core/parameters.hpp"
#include "unroll/engine/gate_buffer.hpp"

namespace unroll::detail {

/// Weights gathered as the kernel reads them: block by block of units, then k, then the gates of the block's units,
/// Pack::size lanes each; lanes past the last unit are zero.
template <class Scalar>
class Panels {
 public:
  Index depth() const { return depth_; }
  Blocks<Scalar> blocks() const {
    return {data_.data(), block_count<Scalar>(units_), stride(), gates_ * lanes, units_};
  }

  /// Whether `pack_rows` made these from this very weight; what it held then is not compared.
  bool packed_from(const Matrix<Scalar>& weight) const { return source_ == weight.data() && depth_ == weight.cols(); }

  /// A weight matrix whose rows are gates x units, from its gate `first_gate` on; k runs over its columns.
  void pack_rows(const Matrix<Scalar>& weight, Index units, int first_gate, int gates, const Member& member = {}) {
    member.alone([&] {
      resize(gates, units, weight.cols());
      source_ = weight.data();
    });
    const Range mine = member.part(block_count<Scalar>(units_));
    // In the order of the weights, which are read from far away.
    for (Index k = 0; k < depth_; ++k)
      for (int gate = 0; gate < gates; ++gate)
        for (Index block = mine.first; block < mine.first + mine.count; ++block)
          Pack<Scalar>::load(&weight((first_gate + gate) * units + block * lanes, k), units - block * lanes)
              .store(data_.data() + block * stride() + (k * gates + gate) * lanes);
  }

  /// Its transpose: the columns become the units, and k runs over the rows in the order of GateBuffer::operand.
  void pack_transposed(const Matrix<Scalar>& weight, Index units, int first_gate, int gates,
                       const Member& member = {}) {
    member.alone([&] { resize(1, weight.cols(), units * gates); });
    const Range mine = member.part(block_count<Scalar>(units_));
    for (Index block = mine.first; block < mine.first + mine.count; ++block) {
      const Index columns = (std::min)(lanes, weight.cols() - block * lanes);
      for (int gate = 0; gate < gates; ++gate)
        for (Index unit = 0; unit < units; unit += lanes) {
          const Index count = (std::min)(lanes, units - unit);
          Pack<Scalar> square[lanes];
          for (Index i = 0; i < lanes; ++i)
            square[i] = i < columns
                            ? Pack<Scalar>::load(&weight((first_gate + gate) * units + unit, block * lanes + i), count)
                            : Pack<Scalar>(0);
          transpose(square);
          Scalar* to = data_.data() + block * stride() + (unit * gates + gate * count) * lanes;
          for (Index i = 0; i < count; ++i, to += lanes) square[i].store(to);
        }
    }
  }

 private:
  static constexpr Index lanes = Pack<Scalar>::size;

  /// From block to block, an odd number of packs: at a power of two blocks side by side would share their cache sets.
  Index stride() const { return (depth_ * gates_ | 1) * lanes; }

  void resize(Index gates, Index units, Index depth) {
    source_ = nullptr;
    gates_ = gates;
    units_ = units;
    depth_ = depth;
    const Index size = block_count<Scalar>(units) * stride();
    if (data_.size() < size) detail::resize(data_, size);
  }

  Vector<Scalar> data_;
  const Scalar* source_ = nullptr;  // of pack_rows
  Index gates_ = 0;
  Index units_ = 0;
  Index depth_ = 0;
};

/// The sums of rows x columns outputs that lie as in a column-major matrix with `rows` rows.
template <class Scalar>
Sums<Scalar> column_sums(Scalar* data, Index rows, Index column_stride) {
  return {data, Pack<Scalar>::size, 0, column_stride, rows};
}

/// Sums that start from nothing.
template <class Scalar>
Sums<const Scalar> no_sums() {
  alignas(64) static constexpr Scalar zeros[8 * Pack<Scalar>::size] = {};
  return {zeros, 0, 0, 0, (std::numeric_limits<Index>::max)() / 2};
}

inline constexpr auto nothing_more = [](Index, Index, Index, Index) {};

/// Calls f(Range) for columns of gradients part by part: few enough that what the products of a part share is still in
/// the cache, enough that the sums of the weights' gradients are not loaded and stored too often.
template <class F>
void for_each_chunk(Range columns, F f) {
  for_each_part(columns.count, 1024, [&](Index first, Index count) { f(Range{columns.first + first, count}); });
}

/// Some columns of x, `rows` x count, as the right factor of a product that walks across them.
///
/// Columns a multiple of 2 KiB apart would share a few cache sets, and hardly one would stay until the next tile: they
/// are copied to `spread`, an odd number of packs apart.
template <class Scalar>
Columns<Scalar> across(const Scalar* x, Index stride, Index rows, Range columns, Vector<Scalar>& spread,
                       const Member& member = {}) {
  x += columns.first * stride;
  if (stride * static_cast<Index>(sizeof(Scalar)) % 2048 == 0) {
    constexpr Index lanes = Pack<Scalar>::size;
    const Index apart = ((rows + lanes - 1) / lanes | 1) * lanes;
    member.wait();  // what was there has been used
    member.alone([&] {
      if (spread.size() < apart * columns.count) resize(spread, apart * columns.count);
    });
    const Range mine = member.part(columns.count);
    for (Index j = mine.first; j < mine.first + mine.count; ++j)
      std::copy_n(x + j * stride, rows, spread.data() + j * apart);
    member.wait();
    x = spread.data();
    stride = apart;
  }
  return {x, rows, 1, stride, {columns.count}};
}

/// Calls f(sum, Range) for the columns of gradients, whose sums it adds to `sum`, a value of the gradient's type. Of
/// many columns sums are made part by part, for what a float adds to the sum of all others is lost in its rounding.
template <class Gradient, class F>
void for_each_sum(Range columns, Gradient& gradient, const F& f) {
  constexpr Index least = 32 * 1024;
  if (columns.count <= least) return f(gradient, columns);
  for_each_part(columns.count, (std::max)(least, columns.count / 32 + 1), [&](Index first, Index count) {
    Gradient part = zeros_like(gradient);
    for_each_sum({columns.first + first, count}, part, f);
    for_each_tensor([](const std::string&, auto& sum, const auto& of_part) { sum += of_part; }, gradient, part);
  });
}

/// gradient(gates x units, i) += sum over some columns j of d(gate rows, j) x(i, j), for the gates of one run, which
/// are the gradient's gates from `first_gate` on; x as `across` gives it.
template <int Gates, class Scalar>
void add_outer_products(const GateBuffer<Scalar>& d, Range columns, GateRun run, int first_gate,
                        const Columns<Scalar>& x, Matrix<Scalar>& gradient, const Member& member = {}) {
  const Index units = d.units();
  const Sums<Scalar> to{gradient.data() + first_gate * units, d.lanes, units, gradient.rows(), units, true};
  multiply<Gates, Scalar>(member.part_of(d.rows(run, columns.first)), x, no_sums<Scalar>(), to, nothing_more);
}

/// sums(gates x units) += sum over some columns of d: every 16 of them in their own type, those sums in double.
template <int Gates, class Scalar>
void add_column_sums(const GateBuffer<Scalar>& d, Range columns, Vector<double>& sums, const Member& member = {}) {
  const Range mine = member.part(d.blocks());
  const auto add = [&]<int... G>(std::integer_sequence<int, G...>, Index block, Index column, Index count) {
    Pack<Scalar> sum[] = {((void)G, Pack<Scalar>(0))...};
    for (; count > 0; ++column, --count) ((sum[G] += Pack<Scalar>::load(d.at(block, column) + G * d.lanes)), ...);
    (sum[G].add_to(sums.data() + G * d.units() + block * d.lanes, d.count(block)), ...);
  };
  for (Index block = mine.first; block < mine.first + mine.count; ++block)
    for_each_part(columns.count, 16, [&](Index first, Index count) {
      add(std::make_integer_sequence<int, Gates>(), block, columns.first + first, count);
    });
}

/// d_x(:, j) = W^T d(:, j) for some columns j, with W's transposed panels.
template <class Scalar>
void multiply_transposed(const Panels<Scalar>& panels, const GateBuffer<Scalar>& d, Range columns, GateRun run,
                         Matrix<Scalar>& d_x, const Member& member = {}) {
  // So many columns at a time stay in the cache for all blocks, beside the weights that they meet there.
  for_each_part(columns.count, 24, [&](Index column, Index count) {
    column += columns.first;
    multiply<1, Scalar>(member.part_of(panels.blocks()), d.operand(run, column, count), no_sums<Scalar>(),
                        column_sums(d_x.data() + column * d_x.rows(), d_x.rows(), d_x.rows()), nothing_more);
  });
}

}  // namespace unroll::detail
