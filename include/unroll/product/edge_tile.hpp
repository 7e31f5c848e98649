#pragma once

#include "unroll/product/micro_tile.hpp"

/// Micro-tiles whose last panel has fewer units than lanes. Their sums go through a buffer, so that the micro-tiles
/// themselves, of which there are many, know whole packs alone.
namespace unroll::inline UNROLL_TARGET::detail {

/// Copies the sums of a tile to a buffer, with zeros in the lanes behind the units.
template <class P, int Packs, class Scalar>
void load_edge(const Sums<const Scalar>& from, const Sums<Scalar>& buffer, const Tile& tile) {
  for (Index j = 0; j < tile.columns.count; ++j)
    for (Index i = 0, panel = tile.panels.first; i < tile.panels.count; ++i, ++panel)
      for (Index group = 0; group < Packs; ++group)
        P::load(from.at(panel, group, tile.columns.first + j), from.units - panel * P::size)
            .store(buffer.at(i, group, j));
}
/// Copies them from the buffer to their place, or adds them there.
template <class P, int Packs, class Scalar>
void store_edge(const Sums<Scalar>& buffer, const Sums<Scalar>& to, const Tile& tile) {
  for (Index j = 0; j < tile.columns.count; ++j)
    for (Index i = 0, panel = tile.panels.first; i < tile.panels.count; ++i, ++panel)
      for (Index group = 0; group < Packs; ++group) {
        const Index count = to.units - panel * P::size;
        Scalar* place = to.at(panel, group, tile.columns.first + j);
        P sum = P::load(buffer.at(i, group, j));
        if (to.added) sum += P::load(place, count);
        sum.store(place, count);
      }
}
/// Runs such a micro-tile.
template <class P, int Packs, class Run, class Scalar, class Storage>
EIGEN_DONT_INLINE void run_edge(Run run, Panels<Scalar, Storage> a, Columns<Scalar> b, const Sums<const Scalar>& from,
                                const Sums<Scalar>& to, const Tile& tile) {
  constexpr int most = (std::max)(TileLimits<P>::budget, TileLimits<P>::rows_of_one);
  alignas(64) Scalar numbers[static_cast<std::size_t>(most * P::size)];
  const Index column_stride = tile.panels.count * Packs * P::size;
  const Sums<Scalar> buffer{numbers, Packs * P::size, P::size, column_stride, tile.panels.count * P::size};
  compiled_for<P, &load_edge<P, Packs, Scalar>>(from, buffer, tile);
  const Index before = tile.panels.first * a.stride;
  if (a.data != nullptr) a.data += before, a.next -= before;
  b.data += tile.columns.first * b.stride;
  run(a, b, constant(buffer), buffer, 0, 0);
  compiled_for<P, &store_edge<P, Packs, Scalar>>(buffer, to, tile);
}
/// Runs a micro-tile of `Packs` groups.
template <class P, int Packs, class Run, class Scalar, class Storage>
EIGEN_ALWAYS_INLINE void run_tile(Run run, const Panels<Scalar, Storage>& a, const Columns<Scalar>& b,
                                  const Sums<const Scalar>& from, const Sums<Scalar>& to, const Tile& tile) {
  if (to.units >= tile.panels.end() * P::size)
    run(a, b, from, to, tile.panels.first, tile.columns.first);
  else
    run_edge<P, Packs>(run, a, b, from, to, tile);
}

}  // namespace unroll::inline UNROLL_TARGET::detail
