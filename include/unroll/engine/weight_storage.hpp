#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

#include "unroll/core/error.hpp"
#include "unroll/core/types.hpp"

namespace unroll {

/// What a stream keeps its weights as; it computes in the model's own type whatever they are. For models that outgrow
/// the cache, where reading the weights takes longer than multiplying them. For float models alone.
enum class WeightStorage {
  full,      ///< the model's own type
  bfloat16,  ///< the upper half of a float: 8 bits of mantissa, half the memory
  int8,      ///< a byte, with one scale for all weights of a row: a quarter of the memory
};

namespace detail {

/// Packed weights of one of the three kinds, Packed<Weight>, shared by copies.
template <class Scalar, template <class Weight> class Packed>
class SharedWeights {
 public:
  /// pack(packed) fills what is fresh.
  template <class Pack>
  SharedWeights(WeightStorage storage, Pack pack) {
    const auto make = [&](auto& shared) {
      using P = std::remove_const_t<typename std::remove_reference_t<decltype(shared)>::element_type>;
      const auto packed = std::make_shared<P>();
      pack(*packed);
      shared = packed;
    };
    if (storage == WeightStorage::full) make(full_);
    if constexpr (std::is_same_v<Scalar, float>) {
      if (storage == WeightStorage::bfloat16) make(bfloat16_);
      if (storage == WeightStorage::int8) make(int8_);
    }
  }

  template <class F>
  EIGEN_ALWAYS_INLINE auto visit(F f) const noexcept {
    if constexpr (std::is_same_v<Scalar, float>) {
      if (bfloat16_) return f(*bfloat16_);
      if (int8_) return f(*int8_);
    }
    return f(*full_);
  }

 private:
  std::shared_ptr<const Packed<Scalar>> full_;
  std::shared_ptr<const Packed<Eigen::bfloat16>> bfloat16_;
  std::shared_ptr<const Packed<std::int8_t>> int8_;
};

/// Throws std::invalid_argument where the weights of such a model cannot be kept so.
template <class Scalar>
void require_storage(const char* layer, WeightStorage storage) {
  require(storage == WeightStorage::full || std::is_same_v<Scalar, float>, layer,
          "::stream: only the weights of a float model can be kept in fewer bits");
}

}  // namespace detail

}  // namespace unroll
